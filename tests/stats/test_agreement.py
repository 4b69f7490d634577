"""Rank correlation: scipy's, with an interval that covers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from assay.stats.agreement import rank_agreement

GAINS = st.lists(
    st.tuples(st.integers(-40, 40), st.integers(-40, 40)), min_size=4, max_size=30
)  # points, so that there are ties


@given(GAINS)
def test_the_correlation_is_that_of_scipy_ties_included(rows: list[tuple[int, int]]) -> None:
    first, second = zip(*rows, strict=True)
    found = rank_agreement(first, second, 0.95)
    if len(set(first)) == 1 or len(set(second)) == 1:
        assert found == (None, None, None)
        return
    assert found.value == pytest.approx(spearmanr(first, second).statistic, abs=1e-9)
    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    assert -1 <= found.low <= found.value <= found.high <= 1
    assert found.low < found.high


@given(GAINS)
def test_only_the_order_of_gains_counts_and_reversing_one_list_turns_the_sign(
    rows: list[tuple[int, int]],
) -> None:
    first, second = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    found = rank_agreement(first, second, 0.9)
    assert rank_agreement(np.exp(first / 10), second, 0.9) == pytest.approx(found)
    if found.value is not None and found.low is not None and found.high is not None:
        turned = rank_agreement(-first, second, 0.9)
        assert turned == pytest.approx((-found.value, -found.high, -found.low))


def test_the_interval_is_bonett_and_wrights() -> None:
    first, second = [1, 2, 3, 4, 5, 6, 7, 8], [2, 1, 4, 3, 6, 5, 8, 7]
    found = rank_agreement(first, second, 0.95)
    assert found.value == pytest.approx(1 - 6 * 8 / (8 * 63))
    assert found.value is not None
    half = 1.959963984540054 * math.sqrt((1 + found.value**2 / 2) / 5)
    assert found.low == pytest.approx(math.tanh(math.atanh(found.value) - half))
    assert found.high == pytest.approx(math.tanh(math.atanh(found.value) + half))


def test_full_agreement_of_few_adapters_is_not_certainty() -> None:
    found = rank_agreement([1, 2, 3, 4], [10, 20, 30, 40], 0.95)
    assert (found.value, found.high) == (1, 1)
    assert found.low is not None
    assert found.low < 0


def test_three_adapters_have_a_correlation_and_no_interval() -> None:
    assert rank_agreement([1, 2, 3], [3, 2, 1], 0.95) == (-1, None, None)


def test_two_adapters_have_none_for_it_could_only_be_1_or_minus_1() -> None:
    assert rank_agreement([1, 2], [2, 1], 0.95) == (None, None, None)


def test_means_that_differ_by_rounding_alone_are_tied() -> None:
    mean = (0.1 + 0.2) / 2
    assert mean != 0.15
    assert rank_agreement([mean, 0.15, 0.3, 0.4], [1, 2, 3, 4], 0.95) == pytest.approx(
        rank_agreement([0.15, 0.15, 0.3, 0.4], [1, 2, 3, 4], 0.95)
    )
    assert rank_agreement([mean, 0.15, mean], [1, 2, 3], 0.95).value is None


def test_lists_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="one length"):
        rank_agreement([1, 2, 3], [1, 2], 0.95)
    with pytest.raises(ValueError, match="finite"):
        rank_agreement([1, 2, math.nan], [1, 2, 3], 0.95)


@pytest.mark.parametrize(("n", "rho"), [(6, 0.0), (8, 0.8), (16, 0.5), (16, 0.9)])
def test_the_interval_covers_the_true_correlation(n: int, rho: float) -> None:
    draw, hits, rounds = np.random.default_rng(n), 0, 600
    truth = 6 / math.pi * math.asin(rho / 2)  # Spearman's of a bivariate normal
    for _ in range(rounds):
        first = draw.normal(size=n)
        second = rho * first + math.sqrt(1 - rho * rho) * draw.normal(size=n)
        found = rank_agreement(first, second, 0.95)
        assert found.low is not None
        assert found.high is not None
        hits += found.low <= truth <= found.high
    assert hits / rounds > 0.92
