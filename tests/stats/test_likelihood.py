"""Weighted gains: golden numbers of the likelihood score, and both scores by independent code."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import t as student

from assay.stats import tango_z, weighted_p
from assay.stats.likelihood import likelihood_score, p_above
from tests.stats.oracles import score_z_by_likelihood

Floats = NDArray[np.float64]
D = np.array([1.0, 0, -1, 2, 0, 1, 0, 0, 1, 0])
M = np.array([1.0, 1, 2, 3, 1, 2, 1, 1, 2, 1])


@pytest.mark.parametrize(
    ("null", "z", "corrected", "above", "below"),
    [
        (0.0, 1.590541, 1.548075, 0.078005, 0.926912),
        (0.05, 1.296834, 1.284460, 0.115528, 0.886527),
        (-0.05, 1.898885, 1.799826, 0.052710, 0.954976),
    ],
)
def test_the_golden_likelihood_scores(
    null: float, z: float, corrected: float, above: float, below: float
) -> None:
    up, down = likelihood_score(D - null * M), likelihood_score(null * M - D)
    assert float(up.z) == pytest.approx(z, abs=1e-6)
    assert float(up.corrected()) == pytest.approx(corrected, abs=1e-6)
    assert student.sf(up.corrected(), 9) == pytest.approx(above, abs=1e-6)
    assert student.sf(down.corrected(), 9) == pytest.approx(below, abs=1e-6)


def by_brentq(d: Floats, m: Floats, t: float) -> float:
    """The smaller score's p-value, H0: gain <= t."""
    e, n = d - t * m, len(d)
    scores = [matched(d, m, t, 0)]
    if t < 0:
        scores.append(matched(d, m, t, 1))
    if e.min() < 0 < e.max():
        edge = 1e-12
        root = brentq(
            lambda x: (e / (1 + x * e)).sum(),
            (-1 + edge) / e.max(), (-1 + edge) / e.min(), xtol=1e-15, rtol=1e-14, maxiter=1000,
        )  # fmt: skip
        w = 1 / (1 + root * e)
        w /= w.sum()
        variance, third = w @ e**2, w @ e**3
        z, g = e.sum() / np.sqrt(n * variance), max(third / variance**1.5, 0) / (6 * np.sqrt(n))
        z = min(z, 1 / (2 * g)) if g > 0 else z
        scores.append(z - g * (z**2 - 1))
    return float(student.sf(min(scores), m.sum() ** 2 / (m**2).sum() - 1))


def matched(d: Floats, m: Floats, t: float, further: int) -> float:
    full, n = (m**3).sum() / (m**2).sum(), len(d)
    size = ((d**2).sum() + further * full**2) / (np.abs(d).sum() + further * full)
    at = t * m.mean() / size
    if abs(at) >= 1:
        return float(-np.sign(at) * np.inf)
    return score_z_by_likelihood(d[d > 0].sum() / size, -d[d < 0].sum() / size, n, at)


@st.composite
def weighted(draw: st.DrawFn) -> tuple[Floats, Floats]:
    """Differences of both signs, and weights."""
    n = draw(st.integers(5, 80))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    m = rng.integers(1, draw(st.integers(2, 6)), n).astype(float)
    d = np.where(rng.random(n) < draw(st.sampled_from([0.1, 0.4, 1.0])), rng.integers(-3, 4, n), 0)
    d[:2] = 1, -1
    return np.clip(d, -m, m).astype(float), m


@given(weighted(), st.sampled_from([-0.2, -0.05, 0.0, 0.05, 0.11]))
def test_it_is_what_independent_code_finds(data: tuple[Floats, Floats], t: float) -> None:
    d, m = data
    assert weighted_p(d, m, t) == pytest.approx(by_brentq(d, m, t), rel=1e-5, abs=1e-9)
    assert weighted_p(d, m, t, "below") == pytest.approx(by_brentq(-d, m, -t), rel=1e-5, abs=1e-9)


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 300), st.floats(-0.4, 0.4))
def test_for_pass_or_fail_the_likelihood_score_is_tangos(b: int, c: int, more: int, t: float) -> None:
    n = b + c + more
    d = np.array([1.0] * b + [-1.0] * c + [0.0] * more)
    assert float(likelihood_score(d - t).z) == pytest.approx(tango_z(b, c, n, t), rel=1e-6, abs=1e-6)


@given(weighted(), st.sampled_from([-0.1, 0.0, 0.05]))
def test_counted_values_are_as_good_as_repeated_ones(data: tuple[Floats, Floats], t: float) -> None:
    d, m = data
    pairs, counts = np.unique(np.column_stack([d, m]), axis=0, return_counts=True)
    cells = np.vstack([pairs, [0.5, 9.0]])  # a value that stands for no prompt
    found = p_above(cells[:, 0], cells[:, 1], t, np.append(counts, 0).astype(float))
    assert float(found) == pytest.approx(weighted_p(d, m, t), rel=1e-9)


@given(weighted(), st.integers(0, 79))
def test_a_better_prompt_never_raises_the_p_value_of_no_gain_by_more_than_rounding(
    data: tuple[Floats, Floats], at: int
) -> None:
    """Where the p-value is small enough to matter, and all prompts weigh the same."""
    d, m = np.clip(data[0], -1, 1), np.ones(len(data[1]))
    before = weighted_p(d, m, 0.0)
    d[at % len(d)] = min(1.0, d[at % len(d)] + 1)
    if before < 0.1:
        assert weighted_p(d, m, 0.0) <= before + 1e-9


def test_all_differences_of_one_sign_and_none_at_all() -> None:
    some, ones = np.array([1.0] * 6 + [0.0] * 54), np.ones(60)
    assert 0 < weighted_p(some, ones) < 0.02
    assert weighted_p(np.zeros(60), ones) == 0.5
    assert 0.03 < weighted_p(np.zeros(60), ones, 0.05, "below") < 0.07
    assert weighted_p(np.zeros(20), np.ones(20), 0.05, "below") > 0.1
    assert weighted_p([2.0], [2.0], 0.3) == 1


def test_weights_that_differ_say_less() -> None:
    d = np.array([1.0] * 30 + [-1.0] * 14 + [0.0] * 56)
    equal, apart = np.full(100, 2.0), np.r_[np.full(95, 1.0), np.full(5, 21.0)]
    assert weighted_p(d * equal.mean(), apart) > weighted_p(d, equal)


@pytest.mark.parametrize(
    ("d", "m", "side", "message"),
    [
        ([1, 0], [1], "above", "one weight for each"),
        ([[1, 0]], [1], "above", "one difference for each prompt"),
        ([1, np.nan], [1, 1], "above", "prompt 1 lacks"),
        ([1, 0], [1, 0], "above", "every weight"),
        ([1, 0], [1, 1], "up", "'above' or 'below'"),
    ],
)
def test_unusable_differences_are_refused(d: list[float], m: list[float], side: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        weighted_p(d, m, 0.0, side)  # type: ignore[arg-type]
