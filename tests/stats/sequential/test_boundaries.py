"""Error spending and critical values. Published constants: Jennison and Turnbull 2000, tables 2.1 and 2.3;
Lan and DeMets 1983 as in gsDesign's and ldbounds' manuals."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from assay.stats.sequential import (
    HwangShihDeCani,
    OBrienFleming,
    Pocock,
    Spending,
    critical_values,
    crossing_probabilities,
)
from tests.stats.sequential.oracles import simulated_walks

FIFTHS = (0.2, 0.4, 0.6, 0.8, 1.0)
spendings = st.one_of(st.just(OBrienFleming()), st.just(Pocock()), st.floats(-8, 8).map(HwangShihDeCani))


@pytest.mark.parametrize(
    ("spending", "published"),
    [
        (OBrienFleming(), (4.877, 3.357, 2.680, 2.290, 2.031)),
        (Pocock(), (2.438, 2.427, 2.410, 2.397, 2.386)),
    ],
)
def test_lan_and_demets_bounds_at_five_equal_looks_are_the_published_ones(
    spending: Spending, published: tuple[float, ...]
) -> None:
    spent = [spending.spent(0.025, share) for share in FIFTHS]
    assert critical_values(FIFTHS, spent) == pytest.approx(published, abs=6e-4)


def test_hwang_shih_and_de_cani_bounds_are_gsdesigns() -> None:
    thirds = (1 / 3, 2 / 3, 1.0)
    spent = [HwangShihDeCani(-4).spent(0.025, share) for share in thirds]
    assert critical_values(thirds, spent) == pytest.approx((3.011, 2.547, 1.999), abs=6e-4)


@pytest.mark.parametrize(("looks", "constant"), [(2, 1.977), (3, 2.004), (4, 2.024), (5, 2.040), (10, 2.087)])
def test_the_classical_o_brien_fleming_constants_err_five_percent_two_sided(
    looks: int, constant: float
) -> None:
    bounds = [constant * (looks / k) ** 0.5 for k in range(1, looks + 1)]
    assert 2 * crossing_probabilities(range(1, looks + 1), bounds)[-1] == pytest.approx(0.05, abs=2e-4)


@pytest.mark.parametrize(("looks", "constant"), [(2, 2.178), (3, 2.289), (4, 2.361), (5, 2.413), (10, 2.555)])
def test_the_classical_pocock_constants_err_five_percent_two_sided(looks: int, constant: float) -> None:
    crossed = crossing_probabilities(range(1, looks + 1), [constant] * looks)[-1]
    assert 2 * crossed == pytest.approx(0.05, abs=2e-4)


def test_one_look_is_the_ordinary_test() -> None:
    assert critical_values([541], [0.05]) == pytest.approx([norm.ppf(0.95)], abs=1e-9)


def test_two_looks_agree_with_the_bivariate_normal() -> None:
    (first, second) = critical_values((100, 250), (0.01, 0.05))
    joint = [[1, (100 / 250) ** 0.5], [(100 / 250) ** 0.5, 1]]
    neither = norm.cdf(first), multivariate_cdf((first, second), joint)
    assert 1 - neither[0] == pytest.approx(0.01, abs=1e-9)
    assert 1 - neither[1] == pytest.approx(0.05, abs=1e-6)


def multivariate_cdf(point: tuple[float, float], covariance: list[list[float]]) -> float:
    from scipy.stats import multivariate_normal

    return float(multivariate_normal([0, 0], covariance).cdf(point))


def test_simulated_walks_cross_unequal_looks_as_often_as_was_spent() -> None:
    looks = (40, 64, 70, 200, 330, 541)
    spent = [HwangShihDeCani(-2).spent(0.05, n / 541) for n in looks]
    walks = simulated_walks(looks, 200_000, np.random.default_rng(5))
    crossed = np.maximum.accumulate(walks >= critical_values(looks, spent), axis=1).mean(axis=0)
    assert crossed == pytest.approx(spent, abs=4 * (0.05 * 0.95 / 200_000) ** 0.5)


@pytest.mark.slow
def test_a_look_at_every_prompt_is_integrated_as_well_as_a_few() -> None:
    looks = [*range(64, 541), 541]
    spent = [Pocock().spent(0.05, n / 541) for n in looks]
    crossed = crossing_probabilities(looks, critical_values(looks, spent))
    assert crossed == pytest.approx(spent, abs=1e-6)
    # Finer looks cannot be cheaper than coarser ones.
    assert critical_values((64, 541), (spent[0], 0.05))[-1] < critical_values(looks, spent)[-1]


def test_a_look_that_spends_nothing_tests_nothing_and_changes_no_other() -> None:
    first, *others = critical_values((5, 200, 541), (0.0, 0.01, 0.05))
    assert first == np.inf
    assert others == pytest.approx(critical_values((200, 541), (0.01, 0.05)), abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(
    spendings,
    st.floats(1e-4, 0.2),
    st.lists(st.integers(1, 400), min_size=1, max_size=6, unique=True).map(sorted),
)
def test_bounds_spend_exactly_what_the_function_says_whatever_the_looks(
    spending: Spending, alpha: float, looks: list[int]
) -> None:
    at = [*looks, 401]
    spent = [spending.spent(alpha, n / 401) for n in at]
    bounds = critical_values(at, spent)
    assert bounds[-1] < np.inf
    assert crossing_probabilities(at, bounds)[-1] == pytest.approx(alpha, rel=1e-6)


@settings(deadline=None)
@given(spendings, st.floats(1e-4, 0.2))
def test_spending_rises_from_nothing_to_all_of_alpha(spending: Spending, alpha: float) -> None:
    spent = [spending.spent(alpha, share) for share in np.linspace(0, 1, 40)]
    assert spent[0] == 0
    assert spent[-1] == pytest.approx(alpha, rel=1e-12)
    assert all(before <= after for before, after in pairwise(spent))


def test_a_later_look_does_not_move_an_earlier_bound() -> None:
    spending = HwangShihDeCani(-3)
    short, long = ([64, 300], [64, 300, 310, 541])
    of = [critical_values(looks, [spending.spent(0.05, n / 541) for n in looks]) for looks in (short, long)]
    assert of[0] == pytest.approx(of[1][:2], abs=1e-9)


@pytest.mark.parametrize(
    ("looks", "spent", "says"),
    [
        ([], [], "one at least"),
        ([10, 10], [0.01, 0.02], "rise"),
        ([0, 10], [0.01, 0.02], "above 0"),
        ([10], [0.01, 0.02], "at each look"),
        ([10, 20], [0.02, 0.01], "never falls"),
        ([10, np.inf], [0.01, 0.02], "finite"),
    ],
)
def test_looks_that_cannot_be_are_refused(looks: list[float], spent: list[float], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        critical_values(looks, spent)


def test_shares_and_alphas_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="share of the prompts"):
        OBrienFleming().spent(0.05, 1.5)
    with pytest.raises(ValueError, match="alpha"):
        Pocock().spent(0.0, 0.5)
    with pytest.raises(ValueError, match="gamma"):
        HwangShihDeCani(float("nan"))
    with pytest.raises(ValueError, match="bound at each look"):
        crossing_probabilities([1, 2], [3.0])
