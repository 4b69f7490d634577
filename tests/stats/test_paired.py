"""Paired pass or fail. Golden numbers: design note on statistics, section 13."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm
from statsmodels.stats.contingency_tables import mcnemar

from assay.stats import (
    mcnemar_exact,
    mcnemar_midp,
    mcnemar_midp_down,
    mcnemar_midp_up,
    newcombe_interval,
    tango_interval,
    tango_p_above,
    tango_p_below,
    tango_z,
)
from tests.stats.oracles import score_interval_by_likelihood, score_z_by_likelihood, tables


@st.composite
def counts(draw: st.DrawFn, largest: int = 300) -> tuple[int, int, int]:
    n = draw(st.integers(1, largest))
    b = draw(st.integers(0, n))
    return b, draw(st.integers(0, n - b)), n


@pytest.mark.parametrize(
    ("b", "c", "exact", "midp", "asymptotic"),
    [(1, 7, 0.0703125, 0.0390625, 0.033895), (6, 16, 0.052479, 0.034690, 0.033006)],
)
def test_mcnemar_gives_the_published_p_values(
    b: int, c: int, exact: float, midp: float, asymptotic: float
) -> None:
    assert mcnemar_exact(b, c) == pytest.approx(exact, abs=5e-7)
    assert mcnemar_midp(b, c) == pytest.approx(midp, abs=5e-7)
    assert 2 * norm.sf(abs(tango_z(b, c, 161, 0))) == pytest.approx(asymptotic, abs=5e-7)


def test_mcnemar_exact_is_that_of_statsmodels() -> None:
    for b, c in tables(30):
        assert mcnemar_exact(b, c) == pytest.approx(float(mcnemar([[0, b], [c, 0]]).pvalue), rel=1e-10)


def test_mcnemar_is_certain_of_nothing_without_discordance() -> None:
    assert mcnemar_exact(0, 0) == mcnemar_midp(0, 0) == 1.0
    assert mcnemar_midp_up(0, 0) == mcnemar_midp_down(0, 0) == 0.5


@given(st.integers(0, 200), st.integers(0, 200))
def test_midp_is_below_exact_and_twice_its_smaller_side(b: int, c: int) -> None:
    up, down = mcnemar_midp_up(b, c), mcnemar_midp_down(b, c)
    assert up + down == pytest.approx(1)
    assert mcnemar_midp(b, c) == pytest.approx(2 * min(up, down))
    assert mcnemar_midp(b, c) <= mcnemar_exact(b, c) + 1e-12


@pytest.mark.parametrize("bad", [(-1, 2), (2, -1), (0.5, 1)])
def test_mcnemar_refuses_counts_that_are_negative_or_not_whole(bad: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="whole numbers, 0 or more"):
        mcnemar_exact(*bad)
    with pytest.raises(ValueError, match="whole numbers, 0 or more"):
        mcnemar_midp(*bad)


@pytest.mark.parametrize(
    ("b", "c", "n", "confidence", "low", "high"),
    [
        (1, 7, 21, 0.95, -0.5172, -0.0260),
        (6, 16, 161, 0.95, -0.1240, -0.0054),
        (0, 1, 44, 0.90, -0.0957, 0.0365),
        (9, 3, 32, 0.95, -0.0271, 0.3897),
        (16, 8, 86, 0.95, -0.0197, 0.2069),
        (3, 1, 14, 0.95, -0.1670, 0.4327),
        (3, 0, 3, 0.95, -0.1230, 1.0),
        (0, 0, 100, 0.95, -0.0370, 0.0370),
    ],
)
def test_tango_gives_the_published_limits(
    b: int, c: int, n: int, confidence: float, low: float, high: float
) -> None:
    assert tango_interval(b, c, n, confidence) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize("n", [1, 2, 5, 9, 16])
def test_tango_inverts_the_score_test_of_a_numerically_maximised_likelihood(n: int) -> None:
    for b, c in tables(n):
        for confidence in (0.9, 0.99):
            expected = score_interval_by_likelihood(b, c, n, confidence)
            assert tango_interval(b, c, n, confidence) == pytest.approx(expected, abs=1e-6), (b, c)


@given(counts(), st.floats(-0.98, 0.98))
def test_tango_z_is_that_of_a_numerically_maximised_likelihood(
    counted: tuple[int, int, int], t: float
) -> None:
    assert tango_z(*counted, t) == pytest.approx(score_z_by_likelihood(*counted, t), rel=1e-4, abs=1e-6)


@given(counts(), st.sampled_from([0.8, 0.9, 0.95, 0.995]))
def test_exchanging_the_counts_negates_the_intervals(
    counted: tuple[int, int, int], confidence: float
) -> None:
    b, c, n = counted
    low, high = tango_interval(b, c, n, confidence)
    assert tango_interval(c, b, n, confidence) == pytest.approx((-high, -low), abs=1e-9)
    low, high = newcombe_interval(0, b, c, n - b - c, confidence)
    assert newcombe_interval(0, c, b, n - b - c, confidence) == pytest.approx((-high, -low), abs=1e-9)


@given(counts())
def test_tango_contains_no_gain_where_mcnemars_z_is_small(counted: tuple[int, int, int]) -> None:
    low, high = tango_interval(*counted, 0.95)
    assert (low <= 0 <= high) == (abs(tango_z(*counted, 0)) <= norm.ppf(0.975))


@given(counts())
def test_tango_narrows_with_more_prompts_at_the_same_rates(counted: tuple[int, int, int]) -> None:
    b, c, n = counted
    low, high = tango_interval(b, c, n, 0.95)
    more_low, more_high = tango_interval(3 * b, 3 * c, 3 * n, 0.95)
    assert more_high - more_low < high - low


@given(counts(), st.floats(-0.999, 0.999), st.floats(0.001, 0.2))
def test_tango_p_values_agree_with_the_interval(
    counted: tuple[int, int, int], t: float, alpha: float
) -> None:
    low, high = tango_interval(*counted, 1 - 2 * alpha)
    if min(abs(low - t), abs(high - t)) > 1e-9:
        assert (tango_p_above(*counted, t) < alpha) == (low > t)
        assert (tango_p_below(*counted, t) < alpha) == (high < t)


def test_tango_has_width_and_stays_within_bounds_for_every_small_table() -> None:
    for n in range(1, 25):
        for b, c in tables(n):
            low, high = tango_interval(b, c, n, 0.9)
            assert -1 <= low <= (b - c) / n <= high <= 1
            assert low < high


def test_tango_takes_averages_over_seeds() -> None:
    assert tango_interval(2.5, 1.5, 28, 0.9)[0] < tango_interval(3, 1.5, 28, 0.9)[0]


def test_gains_beyond_one_are_impossible() -> None:
    assert tango_z(1, 2, 9, 1.5) == -math.inf
    assert tango_p_above(1, 2, 9, 1.5) == tango_p_below(1, 2, 9, -1.5) == 1
    assert tango_p_above(1, 2, 9, -1) == tango_p_below(1, 2, 9, 1) == 0
    assert tango_z(9, 0, 9, 1) == tango_z(0, 9, 9, -1) == tango_z(0, 0, 9, 0) == 0


@pytest.mark.parametrize(
    ("b", "c", "n", "message"),
    [
        (1, 1, 0, "at least one prompt"),
        (-1, 1, 5, "negative"),
        (3, 3, 5, "cannot exceed n"),
        (math.nan, 3, 5, "finite"),
    ],
)
def test_tango_refuses_counts_that_no_prompts_can_give(b: float, c: float, n: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tango_interval(b, c, n, 0.9)
    with pytest.raises(ValueError, match=message):
        tango_z(b, c, n, 0.0)


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95, math.nan])
def test_confidence_lies_between_nought_and_one(confidence: float) -> None:
    with pytest.raises(ValueError, match="strictly between 0 and 1"):
        tango_interval(1, 2, 9, confidence)
    with pytest.raises(ValueError, match="strictly between 0 and 1"):
        newcombe_interval(1, 2, 3, 4, confidence)


@pytest.mark.parametrize(
    ("table", "low", "high"),
    [
        ((1, 1, 7, 12), -0.5069, -0.0256),
        ((59, 6, 16, 80), -0.1186, -0.0046),
        ((20, 12, 2, 16), 0.0562, 0.3292),
        ((8, 3, 1, 2), -0.1574, 0.4136),
        ((1, 0, 0, 1), -0.5734, 0.5734),
    ],
)
def test_newcombe_gives_the_published_limits(
    table: tuple[int, int, int, int], low: float, high: float
) -> None:
    assert newcombe_interval(*table, 0.95) == pytest.approx((low, high), abs=5e-5)


def test_newcombe_and_tango_agree_at_many_prompts() -> None:
    assert newcombe_interval(300, 80, 50, 111, 0.95) == pytest.approx(
        tango_interval(80, 50, 541, 0.95), abs=0.001
    )


@pytest.mark.parametrize("table", [(0, 0, 0, 0), (1, -1, 2, 3)])
def test_newcombe_refuses_tables_without_prompts_or_with_negative_counts(
    table: tuple[int, int, int, int],
) -> None:
    with pytest.raises(ValueError, match="0 or more, and one at least above 0"):
        newcombe_interval(*table, 0.95)
