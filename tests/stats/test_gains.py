"""Gains: interval and p-values always agree, and few differing prompts never look like certainty."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.stats import (
    FEW,
    ClusteredGain,
    Gain,
    PairedGain,
    RecipeGain,
    agreeing_interval,
    judge,
    paired_gain,
    paired_interval,
    ratio_standard_error,
    recipe_interval,
    seed_components,
    tango_interval,
    weighted_p,
)
from assay.stats.exact import hull_p


@st.composite
def any_gain(draw: st.DrawFn) -> Gain:
    """Of any kind, few or many prompts, few or many of them differing."""
    n, seeds = draw(st.integers(1, 60)), draw(st.integers(2, 4))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    share = draw(st.sampled_from([0.0, 0.05, 0.3, 1.0]))
    weights = rng.integers(1, draw(st.integers(2, 4)), n)
    moves = (
        (rng.random((n, seeds)) < share) * rng.choice([-1, 1, 1], (n, seeds)) * rng.integers(1, 4, (n, seeds))
    )
    moves = np.clip(moves, -weights[:, None], weights[:, None])
    kind = draw(st.sampled_from(["paired", "clustered", "recipe"]))
    if kind == "paired":
        return PairedGain(int((moves[:, 0] > 0).sum()), int((moves[:, 0] < 0).sum()), n)
    return ClusteredGain(moves[:, 0], weights) if kind == "clustered" else RecipeGain(moves, weights)


def few_of(n: int, better: int, worse: int, size: float = 1.0) -> np.ndarray:
    return np.array([size] * better + [-size] * worse + [0.0] * (n - better - worse))


@given(any_gain(), st.floats(-0.3, 0.3), st.floats(0.001, 0.1))
def test_a_null_that_the_interval_excludes_is_rejected(gain: Gain, t: float, alpha: float) -> None:
    """To a hundredth. p-values are not exactly monotone in the null: the interval may hold a null that is rejected,
    and `agreeing_interval` moves an end that contradicts a word.
    """
    low, high = gain.interval(1 - 2 * alpha)
    assert gain.rejects_above(t, alpha) == (gain.p_above(t) <= alpha)
    assert gain.rejects_below(t, alpha) == (gain.p_below(t) <= alpha)
    assert low < t + 0.01 or gain.rejects_above(t, alpha)
    assert high > t - 0.01 or gain.rejects_below(t, alpha)


@given(any_gain(), st.floats(0.01, 0.3), st.floats(0.001, 0.2))
def test_the_interval_of_a_verdict_agrees_with_the_tests_at_each_null(
    gain: Gain, margin: float, alpha: float
) -> None:
    low, high = agreeing_interval(gain, margin, alpha)
    nulls = (-margin, 0.0, margin)
    for i, null in enumerate(nulls):
        assert (low > null) == all(gain.rejects_above(weaker, alpha) for weaker in nulls[: i + 1])
        assert (high < null) == all(gain.rejects_below(weaker, alpha) for weaker in nulls[i:])
    found = judge(gain, "gains", margin, alpha)
    assert (found.verdict == "harmed") == (high < 0)
    assert (found.verdict in ("gain", "trivial", "confirmed")) == (low > 0)
    assert (found.verdict in ("no gain", "trivial")) == (low <= margin and 0 <= high < margin)


def test_an_end_that_tests_do_not_reject_is_moved_there() -> None:
    """Tango's score ties at 0: (9, 3) of 32 has an exact end of .006 at 90 %, and p = .05001 of no gain."""
    gain = PairedGain(9, 3, 32)
    assert gain.interval(0.9)[0] > 0.005
    assert agreeing_interval(gain, 0.05, 0.05)[0] == 0


@given(any_gain())
def test_intervals_have_width_contain_the_estimate_and_stay_within_bounds(gain: Gain) -> None:
    low, high = gain.interval(0.9)
    assert -1 <= low <= gain.estimate + 1e-12
    assert gain.estimate - 1e-12 <= high <= 1
    assert high - low > 0.001
    assert gain.standard_error > 0


@given(any_gain())
def test_two_sided_p_values_and_the_seeds_share_are_probabilities(gain: Gain) -> None:
    assert 0 <= gain.p_two_sided <= 1
    assert 0 <= gain.seed_share(0.9) <= 1


@pytest.mark.parametrize("n", [1, 5, 12])
def test_a_few_equal_prompts_are_no_evidence_of_no_gain(n: int) -> None:
    same = np.zeros(n)
    for gain in (
        PairedGain(0, 0, n),
        ClusteredGain(same, np.full(n, 2)),
        RecipeGain(np.zeros((n, 3)), same + 2),
    ):
        assert judge(gain, "gains", 0.05, 0.05).verdict == "undecided"
        assert gain.interval(0.9)[1] > 0.15
        assert gain.p_below(0.05) > 0.05
        assert gain.p_two_sided == 1


def test_two_seeds_that_agree_by_chance_do_not_hide_the_prompts_uncertainty() -> None:
    d = np.column_stack([few_of(40, 1, 0), few_of(40, 1, 0)])
    low, high = RecipeGain(d, np.ones(40)).interval(0.9)
    tango_low, tango_high = tango_interval(1, 0, 40, 0.9)
    assert low <= tango_low
    assert high >= tango_high


@pytest.mark.parametrize(("better", "worse"), [(0, 0), (3, 0), (9, 2), (24, 0)])
def test_with_few_differing_prompts_a_recipes_interval_covers_tangos(better: int, worse: int) -> None:
    d, n = few_of(100, better, worse), 100
    low, high = RecipeGain(np.column_stack([d, d]), np.ones(n)).interval(0.9)
    spread, tango = recipe_interval(np.column_stack([d, d]), None, 0.9), tango_interval(better, worse, n, 0.9)
    assert low == pytest.approx(min(spread[0], tango[0]), abs=1e-9)
    assert high == pytest.approx(max(spread[1], tango[1]), abs=1e-9)


def test_with_enough_differing_prompts_a_recipes_interval_takes_two_quantiles() -> None:
    d = few_of(100, 20, FEW - 20)
    recipe = np.column_stack([d, d * 0, d])
    assert RecipeGain(recipe, np.ones(100)).interval(0.9) == pytest.approx(recipe_interval(recipe, None, 0.9))


@given(any_gain(), st.floats(-0.5, 0.5))
def test_clustered_gains_are_tested_by_weighted_p(gain: Gain, t: float) -> None:
    if isinstance(gain, ClusteredGain):
        assert gain.p_above(t) == weighted_p(gain.differences, gain.weights, t)
        assert gain.p_below(t) == weighted_p(gain.differences, gain.weights, t, "below")


@pytest.mark.parametrize(("better", "worse"), [(30, 14), (60, 50), (12, 3)])
def test_a_clustered_interval_of_equal_prompts_is_close_to_the_paired_one(better: int, worse: int) -> None:
    d = few_of(300, better, worse)
    found = ClusteredGain(2 * d, np.full(300, 2.0)).interval(0.9)
    assert found == pytest.approx(PairedGain(better, worse, 300).interval(0.9), abs=0.006)


def test_the_same_difference_on_every_prompt_is_not_certainty() -> None:
    gain = ClusteredGain(np.full(60, 1.0), np.full(60, 2.0))
    low, high = gain.interval(0.9)
    assert low < 0.5 < high
    assert gain.p_above(0.49) > 0.05


def test_prompts_that_moved_a_little_do_not_limit_what_the_next_might_do() -> None:
    little = ClusteredGain(few_of(50, 1, 1, size=1 / 8), np.ones(50))
    low, high = little.interval(0.9)
    narrow = tango_interval(1, 1, 50, 0.9)
    assert high > narrow[1] / 8
    assert low < narrow[0] / 8


def test_one_prompt_leaves_everything_open() -> None:
    for gain in (ClusteredGain(np.array([1]), np.array([2])), RecipeGain(np.array([[1, 0]]), np.array([1]))):
        assert gain.interval(0.9) == (-1, 1)
        assert math.isfinite(gain.standard_error)
        assert judge(gain, "gains", 0.05, 0.05).verdict == "undecided"


@given(st.integers(0, 30), st.integers(0, 30), st.integers(1, 200))
def test_a_binary_gain_is_the_hull_of_exact_tests_and_tangos(b: int, c: int, more: int) -> None:
    gain = PairedGain(b, c, b + c + more)
    assert gain.estimate == (b - c) / gain.n
    assert gain.interval(0.9) == paired_interval(b, c, gain.n, 0.9)
    assert gain.p_above(0.05) == hull_p(b, c, gain.n, 0.05, "above")
    assert gain.p_two_sided == min(1, 2 * min(gain.p_above(0), gain.p_below(0)))


def test_standard_errors_are_the_formulas_where_many_prompts_differ() -> None:
    d = few_of(200, 30, 12)
    expected = ratio_standard_error(d, np.ones(200))
    assert PairedGain(30, 12, 200).standard_error == pytest.approx(expected)
    assert ClusteredGain(d, np.ones(200)).standard_error == pytest.approx(expected)
    y = np.column_stack([d, np.roll(d, 9), d])
    parts = RecipeGain(y, np.ones(200)).components
    assert RecipeGain(y, np.ones(200)).standard_error == pytest.approx(
        math.hypot(parts.se_prompt, parts.se_seed)
    )
    assert parts == seed_components(y)


def test_a_rise_and_a_fall_over_two_seeds_cancel_within_a_prompt() -> None:
    gain = RecipeGain(np.array([[1, -1], [1, 1], [0, -1], [0, 0]]), np.ones(4))
    assert gain.discordant == 2


def test_the_seeds_share_is_what_more_prompts_cannot_mend() -> None:
    agreeing = few_of(60, 20, 10)
    assert RecipeGain(np.column_stack([agreeing, agreeing]), np.ones(60)).seed_share(0.9) == 0
    apart = np.column_stack([few_of(60, 40, 0), few_of(60, 0, 40)])
    assert RecipeGain(apart, np.ones(60)).seed_share(0.9) > 0.9


@pytest.mark.parametrize("out_of", [[1, 1, 1, 1], [1, 2, 1, 3]])
def test_paired_gain_is_binary_where_every_prompt_has_one_check(out_of: list[int]) -> None:
    gain = paired_gain([0, 1, 1, 0], [1, 1, 0, 1], out_of)
    assert gain.estimate == pytest.approx(1 / sum(out_of))
    if max(out_of) == 1:
        assert gain == PairedGain(2, 1, 4)
    else:
        assert isinstance(gain, ClusteredGain)
        assert gain.differences.tolist() == [1, 0, -1, 1]


@pytest.mark.parametrize(
    ("base", "adapter", "out_of", "message"),
    [
        ([0, 1], [1], [1, 1], "one length"),
        ([], [], [], "one length|whole numbers"),
        ([0, 2], [1, 1], [1, 1], "prompt 1: 2 and 1 passed out of 1"),
        ([0, 0], [0, -1], [1, 1], "prompt 1"),
        ([0, 0], [0, 0], [1, 0], "prompt 1"),
        ([0.5, 1], [1, 1], [1, 1], "whole numbers"),
    ],
)
def test_impossible_scores_are_refused(
    base: list[int], adapter: list[int], out_of: list[int], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        paired_gain(base, adapter, out_of)


def test_gains_refuse_what_cannot_be() -> None:
    with pytest.raises(ValueError, match="b \\+ c at most n"):
        PairedGain(3, 3, 5)
    with pytest.raises(ValueError, match="prompt 1 differs by more than its weight"):
        ClusteredGain(np.array([1, 2]), np.ones(2))
    with pytest.raises(ValueError, match="one difference for each prompt"):
        ClusteredGain(np.array([[1, 0]]), np.ones(1))
    with pytest.raises(ValueError, match="two seeds at least"):
        RecipeGain(np.array([[1], [0]]), np.ones(2))
    with pytest.raises(ValueError, match="prompt 0 lacks a difference"):
        RecipeGain(np.array([[math.nan, 0], [0, 0]]), np.ones(2))
