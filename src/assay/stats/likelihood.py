"""One-sided tests of a weighted paired gain at any null: two scores, of which both must reject.

Prompt i with m_i checks has a difference of d_i; e_i = d_i - t m_i. Both scores take their variance under the null
gain t, as Tango's does, and both are referred to Student's t with (sum m)²/sum m² - 1 degrees of freedom, fewer than
n - 1 where prompts weigh unequally.

The likelihood score: prompts are weighted w_i = 1/(1 + lambda e_i), the likeliest weights with sum w e = 0 (Owen
1988, Biometrika 75:237); they give its variance, and a skewness that is taken off. For pass or fail it is Tango's.
The matched score: Tango's on as many prompts of one size, rising and falling, as give the same sums of d and of d².
It holds where few prompts carry the sums, and for excluding a gain it counts one more prompt that moves all the way.
How often they err: `docs/explanation/laboratory.md`.

    >>> d, m = [1, 0, -1, 2, 0, 1, 0, 0, 1, 0], [1, 1, 2, 3, 1, 2, 1, 1, 2, 1]
    >>> round(weighted_p(d, m, 0.05), 4)
    0.1183
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr

from assay.stats.exact import Side
from assay.stats.inversion import low_end
from assay.stats.paired import tango_scores
from assay.stats.ratio import checked

__all__ = ["LikelihoodScore", "WeightedScores", "likelihood_score", "p_above", "weighted_p"]

Floats = NDArray[np.float64]

_STEPS = 60
"""Newton's, or halvings where it would leave the bracket."""
_CLOSE = 1e-8
_LEAST = 1e-300
"""The last step, times the largest |e|: what is left is its square."""


def weighted_p(differences: ArrayLike, weights: ArrayLike, null: float = 0.0, side: Side = "above") -> float:
    """One-sided p-value of H0: sum d / sum m <= null (`above`) or >= null (`below`); the larger of both scores'.

    differences, weights: (n,). 1 for a single prompt. Raises ValueError for shapes that differ, values that are not
    finite, weights that are not positive, or another side.
    """
    d, m = checked(differences, weights)
    if d.ndim > 1:
        raise ValueError(f"need one difference for each prompt; got shape {d.shape}")
    if side not in ("above", "below"):
        raise ValueError(f"side is 'above' or 'below'; got {side!r}")
    return float(p_above(d, m, null) if side == "above" else p_above(-d, m, -null))


@dataclass(frozen=True, slots=True, eq=False)
class WeightedScores:
    """The interval and the tests of `weighted_p`, for values that are checked already."""

    d: Floats
    m: Floats

    def interval(self, confidence: float) -> tuple[float, float]:
        """(low, high), within [-1, 1]."""
        alpha = _alpha(confidence)
        estimate, df = float(self.d.sum() / self.m.sum()), float(self.m.sum() ** 2 / (self.m**2).sum() - 1)
        if df <= 0:
            return -1.0, 1.0
        error = float(np.sqrt(((self.d - estimate * self.m) ** 2).sum() + self.m.max() ** 2) / self.m.sum())
        low = low_end(self.p_above, alpha, estimate, error)
        return low, -low_end(lambda t: self.p_below(-t), alpha, -estimate, error)

    def p_above(self, t: float) -> float:
        """One-sided p-value of H0: gain <= t."""
        return float(p_above(self.d, self.m, t))

    def p_below(self, t: float) -> float:
        """One-sided p-value of H0: gain >= t."""
        return float(p_above(-self.d, self.m, -t))


def _alpha(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie strictly between 0 and 1, as 0.95 does; got {confidence}")
    return (1 - confidence) / 2


def p_above(d: Floats, m: Floats, t: float, counts: Floats | None = None) -> Floats:
    """`weighted_p` of H0: gain <= t for one study or many; prompts along the last axis.

    counts: of prompts that each value stands for, default 1; some may be 0.
    """
    k = np.ones_like(d) if counts is None else counts
    df = np.asarray(_sum(k, m) ** 2 / _sum(k * m, m) - 1)
    z = np.minimum(likelihood_score(d - t * m, k).corrected(), _matched(d, m, k, t, 0))
    if t < 0:
        z = np.minimum(z, _matched(d, m, k, t, 1))
    return np.where(df > 0, stdtr(np.where(df > 0, df, 1.0), -z), 1.0)


def _matched(d: Floats, m: Floats, k: Floats, t: float, further: int) -> Floats:
    """Tango's score of the matched table.

    further: prompts that move all the way, of the size that brings the most variance: sum m³ / sum m².
    """
    n, mean = k.sum(axis=-1), _sum(k, m) / k.sum(axis=-1)
    heavy = k * m * m
    full = _sum(heavy, m) / heavy.sum(axis=-1)
    rise, fall = _sum(k, np.maximum(d, 0.0)), _sum(k, np.maximum(-d, 0.0))
    moved = rise + fall + further * full
    size = np.where(moved > 0, (_sum(k * d, d) + further * full**2) / np.where(moved > 0, moved, 1.0), full)
    return tango_scores(rise / size, fall / size, n, t * mean / size)[0]


def _sum(k: Floats, values: Floats) -> Floats:
    return np.asarray(np.einsum("...i,...i->...", k, values))


@dataclass(frozen=True, slots=True)
class LikelihoodScore:
    """Of one study or of many; infinite where all e have one sign, or are 0."""

    z: Floats
    """Standard normal where the gain is the null's, but for its skewness."""
    skewness: Floats
    """Of z: that of e under the likeliest weights, over 6 sqrt(n)."""

    def corrected(self) -> Floats:
        """z less z² - 1 times its positive skewness, up to where that would fall as z rises."""
        g = np.maximum(self.skewness, 0.0)
        z = np.minimum(self.z, 0.5 / np.maximum(g, 1e-9))
        return np.where(np.isinf(self.z), np.inf, z - g * (z**2 - 1))


def likelihood_score(e: Floats, counts: Floats | None = None) -> LikelihoodScore:
    """The score of H0: mean e = 0 over the last axis. Where all e have one sign it says nothing: z is infinite."""
    k = np.ones_like(e) if counts is None else counts
    largest = np.where(k > 0, e, -np.inf).max(axis=-1)
    smallest = np.where(k > 0, e, np.inf).min(axis=-1)
    both = (largest > 0) & (smallest < 0)
    tilt = _tilt(e, k, np.where(both, largest, 1.0), np.where(both, smallest, -1.0))
    with np.errstate(all="ignore"):
        w = np.where(k > 0, k / (1 + tilt[..., None] * e), 0.0)
        total, root = w.sum(axis=-1), np.sqrt(k.sum(axis=-1))
        squares = w * e * e
        variance = squares.sum(axis=-1) / total
        z = _sum(k, e) / (root * np.sqrt(variance))
        skewness = _sum(squares, e) / total / variance**1.5 / (6 * root)
    return LikelihoodScore(np.where(both, z, np.inf), np.where(both, skewness, 0.0))


def _tilt(e: Floats, k: Floats, largest: Floats, smallest: Floats) -> Floats:
    """The root lambda of sum k e / (1 + lambda e), which falls between -1/largest and -1/smallest."""
    # A null of 5e-324 leaves an e whose inverse overflows.
    largest, smallest = np.maximum(largest, _LEAST), np.minimum(smallest, -_LEAST)
    shape, n = largest.shape, e.shape[-1]
    rows, counts = e.reshape(-1, n), np.broadcast_to(k, e.shape).reshape(-1, n)
    low, high, scale = (
        values.ravel() for values in (-1 / largest, -1 / smallest, np.maximum(largest, -smallest))
    )
    found, open_ = np.zeros(low.shape), np.arange(len(low))
    at = found.copy()
    with np.errstate(all="ignore"):
        for _ in range(_STEPS):
            ratio = rows / (1 + at[:, None] * rows)
            ratio[counts == 0] = 0.0
            weighted = counts * ratio
            value = weighted.sum(axis=-1)
            step = at + value / _sum(weighted, ratio)
            low, high = np.where(value > 0, at, low), np.where(value > 0, high, at)
            new = np.where((step > low) & (step < high), step, (low + high) / 2)
            found[open_] = new
            left = np.abs(new - at) * scale > _CLOSE
            if not left.any():
                break
            if left.all():
                at = new
            else:
                rows, counts, open_ = rows[left], counts[left], open_[left]
                at, low, high, scale = new[left], low[left], high[left], scale[left]
    return found.reshape(shape)
