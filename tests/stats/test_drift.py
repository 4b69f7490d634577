"""Drift. Golden numbers: design note on statistics, section 10, from the abstract of arXiv 2603.22379."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import ArrayLike
from scipy.stats import t as student

from assay.stats import (
    Estimate,
    RecipeGain,
    drifts,
    excess,
    gap,
    gap_max,
    gap_over_seeds,
    mover_difference,
    mover_mean,
)

gains = st.floats(-1, 1)
estimates = st.builds(
    lambda value, below, above: Estimate(value, value - below, value + above),
    gains,
    st.floats(0, 0.3),
    st.floats(0, 0.3),
)
NM, ILA, PLA = Estimate(0.632 - 0.133), Estimate(0.271 - 0.313), Estimate(0.143 - 0.250)
ROUNDING = 0.002
"""Each gain of three-decimal scores is known to 0.001."""


def test_the_papers_case_drifts_by_what_its_scores_say() -> None:
    assert gap(ILA, [NM]).value == pytest.approx(0.541, abs=ROUNDING)
    assert gap(PLA, [NM]).value == pytest.approx(0.606, abs=ROUNDING)
    for target in (ILA, PLA):
        assert gap_max(target, [NM]).value == pytest.approx(gap(target, [NM]).value)
        assert excess(target, [NM]).value == pytest.approx(0.499, abs=ROUNDING)
        assert gap(target, [NM]).min_off_target_gain == pytest.approx(0.499, abs=ROUNDING)


def test_mover_gives_the_published_interval() -> None:
    found = mover_difference((0.499, 0.432, 0.561), (-0.107, -0.306, 0.091))
    assert found == pytest.approx((0.606, 0.397, 0.814), abs=5e-4)


def test_the_gap_of_published_estimates_has_the_published_interval() -> None:
    found = gap(Estimate(-0.107, -0.306, 0.091), [Estimate(0.499, 0.432, 0.561)])
    assert (found.value, found.low, found.high) == pytest.approx((0.606, 0.397, 0.814), abs=5e-4)
    assert (found.variant, found.target_gain, found.off_target_gain) == ("gap", -0.107, 0.499)


@given(gains, st.integers(1, 5))
def test_a_uniform_shift_is_no_drift(shift: float, tasks: int) -> None:
    for drift in drifts(Estimate(shift), [Estimate(shift)] * tasks)[:2]:
        assert drift.value == pytest.approx(0, abs=1e-12)
    assert gap(Estimate(0.0), [Estimate(0.0)]).value == 0


@given(st.floats(0.01, 1))
def test_a_label_honoured_and_nothing_else_drifts_below_nought(gain: float) -> None:
    assert gap(Estimate(gain), [Estimate(0.0)]).value < 0
    assert excess(Estimate(gain), [Estimate(0.0)]).value == 0


@given(estimates, st.lists(estimates, min_size=1, max_size=4))
def test_intervals_contain_their_drift(target: Estimate, others: list[Estimate]) -> None:
    for drift in drifts(target, others):
        if drift.low is not None and drift.high is not None:
            assert drift.low - 1e-12 <= drift.value <= drift.high + 1e-12
    assert [drift.variant for drift in drifts(target, others)] == ["gap", "gap_max", "excess"]


@given(st.lists(estimates, min_size=1, max_size=5))
def test_a_mean_of_equal_intervals_narrows_with_the_square_root_of_their_number(some: list[Estimate]) -> None:
    one = (0.1, 0.0, 0.3)
    value, low, high = mover_mean([one] * len(some))
    assert value == pytest.approx(0.1)
    assert (value - low, high - value) == pytest.approx((0.1 / len(some) ** 0.5, 0.2 / len(some) ** 0.5))


def test_the_largest_of_several_has_no_interval_and_the_others_do() -> None:
    some = [Estimate(0.1, 0.0, 0.2), Estimate(0.3, 0.2, 0.4)]
    mean, largest, beyond = drifts(Estimate(0.0, -0.1, 0.1), some)
    assert largest.value == pytest.approx(0.3)
    assert largest.low is largest.high is None
    assert mean.low == pytest.approx(0.2 - math.hypot(math.hypot(0.1, 0.1) / 2, 0.1))
    assert beyond.low is not None


def test_without_one_interval_the_drift_has_none() -> None:
    for drift in drifts(Estimate(0.0, -0.1, 0.1), [Estimate(0.1), Estimate(0.1, 0.0, 0.2)]):
        assert (drift.low, drift.high) == (None, None)


def test_there_is_no_drift_from_nothing() -> None:
    for variant in (gap, gap_max, excess):
        with pytest.raises(ValueError, match="one off-target gain at least"):
            variant(Estimate(0.1), [])
    with pytest.raises(ValueError, match="one estimate at least"):
        mover_mean([])


def recipe(rows: ArrayLike) -> RecipeGain:
    differences = np.asarray(rows, dtype=float)
    return RecipeGain(differences, np.ones(len(differences)))


def test_the_gap_over_seeds_adds_prompts_of_each_task_and_seeds_once() -> None:
    rng = np.random.default_rng(0)
    target, one, two = (rng.integers(-1, 2, (n, 3)).astype(float) for n in (50, 40, 60))
    gaps = (one.mean(axis=0) + two.mean(axis=0)) / 2 - target.mean(axis=0)
    parts = [float(student.ppf(0.95, 2)) ** 2 * gaps.var(ddof=1) / 3]
    parts += [
        float(student.ppf(0.95, len(d) - 1)) ** 2 * d.mean(axis=1).var(ddof=1) / len(d) / share
        for d, share in ((target, 1), (one, 4), (two, 4))
    ]
    half = math.sqrt(sum(parts))
    found = gap_over_seeds(recipe(target), [recipe(one), recipe(two)], 0.9)
    assert (found.value, found.low, found.high) == pytest.approx(
        (gaps.mean(), gaps.mean() - half, gaps.mean() + half)
    )


def test_seeds_that_move_every_task_alike_do_not_widen_the_gap() -> None:
    rng = np.random.default_rng(1)
    target, away = (rng.integers(-1, 2, (60, 3)) * 0.6 for _ in range(2))
    shift = np.array([0.3, 0.0, -0.3])
    still = gap_over_seeds(recipe(target), [recipe(away)], 0.9)
    moved = gap_over_seeds(recipe(target + shift), [recipe(away + shift)], 0.9)
    assert (moved.value, moved.low, moved.high) == pytest.approx((still.value, still.low, still.high))


def test_a_recipe_without_a_prompt_that_differs_has_a_gap_that_is_not_known_exactly() -> None:
    none = recipe(np.zeros((12, 2)))
    found = gap_over_seeds(none, [none], 0.9)
    half = math.hypot(none.interval(0.9)[1], none.interval(0.9)[1])
    assert (found.value, found.low, found.high) == pytest.approx((0.0, -half, half))
    assert half > 0.1


def test_gains_on_the_same_prompts_may_vary_against_each_other() -> None:
    target, away = Estimate(0.1, 0.0, 0.3), Estimate(0.2, 0.1, 0.3)
    found = gap(target, [away], dependent=True)
    assert (found.value, found.low, found.high) == pytest.approx((0.1, -0.2, 0.3))
    largest = gap_max(target, [away], dependent=True)
    assert (largest.low, largest.high) == (found.low, found.high)
    assert excess(target, [away], dependent=True).high == pytest.approx(0.3)


def test_the_gap_over_seeds_on_the_same_prompts_is_as_uncertain_as_opposite_gains() -> None:
    """Where one gain is minus the other, their gap is minus twice the gain."""
    d = np.random.default_rng(3).integers(-1, 2, (80, 3)).astype(float)
    low, high = recipe(d).interval(0.9)
    found = gap_over_seeds(recipe(d), [recipe(-d)], 0.9, dependent=True)
    assert (found.low, found.high) == pytest.approx((-2 * high, -2 * low))
