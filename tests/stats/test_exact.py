"""Exact paired tests. Golden numbers: suprema on a grid 25 times finer, by code that shares nothing with this."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, binom

from assay.stats import exact_paired_p, paired_interval, tango_interval, tango_p_above, tango_p_below, tango_z
from assay.stats.exact import _order, hull_p
from tests.often import first_often
from tests.stats.oracles import score_z_by_likelihood, tables

NULLS = [(0, "above"), (0, "below"), (0.05, "above"), (0.05, "below"), (-0.05, "above")]
GOLDEN = [
    (0, 0, 28, (1.000000, 1.000000, 1.000000, 0.237827, 0.237827), (-0.1015, 0.1015)),
    (0, 0, 60, (1.000000, 1.000000, 1.000000, 0.046070, 0.046070), (-0.0487, 0.0487)),
    (3, 0, 100, (0.049050, 1.000000, 0.881737, 0.257839, 0.001485), (0.0002, 0.0757)),
    (6, 0, 60, (0.007005, 1.000000, 0.087983, 0.970306, 0.000840), (0.0394, 0.1879)),
    (0, 5, 100, (1.000000, 0.012630, 1.000000, 0.000449, 0.615999), (-0.1023, -0.0159)),
    (1, 7, 21, (1.000000, 0.017658, 1.000000, 0.008410, 0.996760), (-0.4949, -0.0580)),
    (6, 16, 161, (0.991622, 0.016977, 1.000000, 0.000172, 0.713510), (-0.1134, -0.0128)),
    (9, 3, 32, (0.050011, 0.998523, 0.121173, 0.926195, 0.016612), (0.0061, 0.3719)),
    (20, 5, 100, (0.001259, 0.999946, 0.020096, 0.982689, 0.000052), (0.0693, 0.2335)),
    (60, 40, 300, (0.022887, 0.977885, 0.314993, 0.698403, 0.000263), (0.0118, 0.1215)),
    (70, 45, 541, (0.009883, 0.990476, 0.586742, 0.437578, 0.000001), (0.0136, 0.0791)),
    (30, 30, 541, (0.540200, 0.540200, 0.999724, 0.000458, 0.000458), (-0.0240, 0.0240)),
    (250, 180, 2000, (0.000363, 0.999644, 0.926123, 0.074216, 0.000000), (0.0180, 0.0521)),
    (14, 4, 28, (0.009444, 0.998197, 0.021581, 0.986066, 0.003956), (0.1024, 0.5689)),
]
"""(b, c, n, p at `NULLS`, the exact test's 90 % interval)"""
HALF_DIGIT = 5e-7


@pytest.mark.parametrize(("b", "c", "n", "golden", "interval"), GOLDEN)
def test_the_golden_numbers(
    b: int, c: int, n: int, golden: tuple[float, ...], interval: tuple[float, float]
) -> None:
    for (null, side), x in zip(NULLS, golden, strict=True):
        p = exact_paired_p(b, c, n, null, side)  # type: ignore[arg-type]
        assert x - HALF_DIGIT <= p <= min(1, 1.002 * x + 1e-8 + HALF_DIGIT)
    low, high = paired_interval(b, c, n, 0.9)
    tango = tango_interval(b, c, n, 0.9)
    assert low == pytest.approx(min(interval[0], tango[0]), abs=1e-4)
    assert high == pytest.approx(max(interval[1], tango[1]), abs=1e-4)


@pytest.mark.parametrize(("b", "c", "n", "published"), [(6, 16, 161, 0.034053), (0, 1, 14, 0.542071)])
def test_published_two_sided_values(b: int, c: int, n: int, published: float) -> None:
    """McNemar exact unconditional, R package contingencytables (Fagerland, Lydersen, Laake), gamma 1e-4."""
    p = min(1.0, 2 * exact_paired_p(b, c, n, 0.0, "below"))
    assert published - 2.1e-4 < p < 1.0015 * published


def brute_force_p(b: int, c: int, n: int, t: float) -> float:
    """sup over a dense grid of the discordance of P(score at least as extreme), plus gamma; H0: gain <= t."""

    def order(b: int, c: int) -> float:
        z = score_z_by_likelihood(b, c, n, t)
        if t <= 0:
            return z
        q = variance_share(b, c, n, t)
        v = 2 * q + t * (1 - t)
        outcomes = np.array([1 - t, -1 - t, -t])
        third = float((np.array([q + t, q, 1 - 2 * q - t]) * outcomes**3).sum())
        return float(z - max(third / v**1.5, 0) / (6 * math.sqrt(n)) * (min(z * z, 64) - 1))

    differ, gamma = b + c, 1e-9
    low = beta.ppf(gamma / 2, differ, n - differ + 1) if differ else 0.0
    high = beta.ppf(1 - gamma / 2, differ + 1, n - differ) if differ < n else 1.0
    if high <= abs(t):
        return math.nan
    psi = np.linspace(max(low, abs(t)), high, 3000)
    up, down = (psi + t) / 2, (psi - t) / 2
    total = np.zeros(len(psi))
    for x, y in tables(n):
        if order(x, y) >= order(b, c) - 1e-7:
            total += binom.pmf(y, n, down) * binom.pmf(x, n - y, np.clip(up / (1 - down), 0, 1))
    return float(total.max()) + gamma


def variance_share(b: int, c: int, n: int, t: float) -> float:
    """The constrained estimate of the base-only share, recovered from the score itself."""
    z, distance = score_z_by_likelihood(b, c, n, t), b - c - n * t
    if distance == 0:
        grid = np.linspace(max(0, -t), (1 - t) / 2, 200_001)[1:-1]
        likelihood = b * np.log(grid + t) + c * np.log(grid) + (n - b - c) * np.log(1 - 2 * grid - t)
        return float(grid[likelihood.argmax()])
    return ((distance / z) ** 2 / n - t * (1 - t)) / 2


@settings(max_examples=12, deadline=None)
@given(
    st.integers(2, 11), st.integers(0, 11), st.integers(0, 11), st.sampled_from([-0.2, -0.05, 0, 0.03, 0.2])
)
def test_it_is_the_supremum_that_brute_force_finds(n: int, b: int, c: int, t: float) -> None:
    b = min(b, n)
    c = min(c, n - b)
    expected = brute_force_p(b, c, n, t)
    if not math.isnan(expected):
        p = exact_paired_p(b, c, n, t)
        assert expected - 1e-8 <= p * 1.0001
        assert p <= min(1, 1.002 * expected + 1e-8)


@given(st.integers(1, 400), st.data(), st.sampled_from([-0.3, -0.05, -1e-6, 0.0]))
def test_at_and_below_zero_tables_are_ordered_by_tangos_score(n: int, data: st.DataObject, t: float) -> None:
    b = data.draw(st.integers(0, n))
    c = data.draw(st.integers(0, n - b))
    found = float(_order(np.array([b]), np.array([c]), n, t)[0])
    assert found == pytest.approx(tango_z(b, c, n, t), rel=1e-9, abs=1e-9)


@given(st.integers(0, 30), st.integers(0, 30), st.integers(1, 90), st.floats(-0.9, 0.9))
def test_exchanging_the_sides_exchanges_the_nulls(b: int, c: int, more: int, t: float) -> None:
    n = b + c + more
    assert exact_paired_p(b, c, n, t) == exact_paired_p(c, b, n, -t, "below")
    low, high = paired_interval(b, c, n, 0.9)
    assert paired_interval(c, b, n, 0.9) == pytest.approx((-high, -low))


@given(st.integers(0, 30), st.integers(0, 30), st.integers(1, 90), st.sampled_from([0.5, 0.9, 0.99, 0.9999]))
def test_the_interval_is_never_narrower_than_tangos_and_rejects_what_lies_outside(
    b: int, c: int, more: int, confidence: float
) -> None:
    n, alpha = b + c + more, (1 - confidence) / 2
    (low, high), tango = paired_interval(b, c, n, confidence), tango_interval(b, c, n, confidence)
    assert -1 <= low <= tango[0]
    assert tango[1] <= high <= 1
    assert low == -1 or hull_p(b, c, n, low - 1e-9, "above") <= alpha * (1 + 1e-6)
    assert high == 1 or hull_p(b, c, n, high + 1e-9, "below") <= alpha * (1 + 1e-6)


@given(st.integers(0, 30), st.integers(0, 30), st.integers(1, 90), st.floats(-0.3, 0.3))
def test_the_hull_is_the_larger_of_both(b: int, c: int, more: int, t: float) -> None:
    n = b + c + more
    assert hull_p(b, c, n, t, "above") == max(exact_paired_p(b, c, n, t), tango_p_above(b, c, n, t))
    below = max(exact_paired_p(b, c, n, t, "below"), tango_p_below(b, c, n, t))
    assert hull_p(b, c, n, t, "below") == pytest.approx(below, rel=1e-12)


@pytest.mark.parametrize("n", first_often([17, 28, 40, 60]))
def test_a_prompt_more_that_passes_raises_both_ends_of_the_interval(n: int) -> None:
    for b, c in tables(n):
        ends = paired_interval(b, c, n, 0.9)
        better = [(b + 1, c)] if b + c < n else []
        better += [(b, c - 1)] if c else []
        for x, y in better:
            found = paired_interval(x, y, n, 0.9)
            assert all(b > a or abs(a) == 1 for a, b in zip(ends, found, strict=True))


def test_one_prompt_and_impossible_nulls() -> None:
    assert exact_paired_p(1, 0, 1) == pytest.approx(0.5, abs=1e-3)
    assert paired_interval(1, 0, 1, 0.9)[1] == 1
    assert exact_paired_p(3, 1, 10, 1.0) == 1
    assert exact_paired_p(3, 1, 10, -1.5) == 0
    assert paired_interval(9, 0, 9, 1 - 1e-10) == (-1, 1)
    assert exact_paired_p(5, 0, 5, 0.05) == pytest.approx(0.0399, abs=5e-5)
    assert exact_paired_p(0, 0, 20_000, -0.3) < 1e-8


@pytest.mark.parametrize(("b", "c", "n"), [(-1, 0, 5), (3, 3, 5), (1.5, 0, 5), (0, 0, 0)])
def test_impossible_counts_are_refused(b: float, c: float, n: int) -> None:
    with pytest.raises(ValueError, match="counts must be whole"):
        exact_paired_p(b, c, n)  # type: ignore[arg-type]


def test_unknown_sides_and_confidences_are_refused() -> None:
    with pytest.raises(ValueError, match="'above' or 'below'"):
        exact_paired_p(1, 0, 5, 0.0, "up")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="strictly between 0 and 1"):
        paired_interval(1, 0, 5, 1.0)


def test_few_differences_are_no_evidence_of_a_gain_beyond_them() -> None:
    for b, c in ((0, 3), (3, 0), (10, 0), (0, 0)):
        assert exact_paired_p(b, c, 100, 0.9) == 1
        assert exact_paired_p(c, b, 100, -0.9, "below") == 1


@pytest.mark.parametrize("confidence", [0.0, 1.0, -0.1, 1.5])
def test_a_confidence_is_strictly_between_0_and_1(confidence: float) -> None:
    with pytest.raises(ValueError, match="strictly between 0 and 1"):
        paired_interval(1, 0, 10, confidence)
