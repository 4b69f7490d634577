"""Paired pass or fail: intervals and tests of the difference between two pass rates on the same prompts.

Counts: b prompts that only the adapter passes, c that only the base passes, of n. The gain is (b - c)/n.
It knows no weights and no seeds.

    >>> low, high = tango_interval(9, 3, 32, 0.95)
    >>> print(f"{low:.4f} {high:.4f}")
    -0.0271 0.3897
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, ndtr

from assay.stats.quantiles import normal_quantile

__all__ = [
    "mcnemar_exact",
    "mcnemar_midp",
    "mcnemar_midp_down",
    "mcnemar_midp_up",
    "newcombe_interval",
    "tango_interval",
    "tango_p_above",
    "tango_p_below",
    "tango_scores",
    "tango_z",
]

Floats = NDArray[np.float64]

_HALVINGS = 60
"""Of an interval at most 2 wide: 2e-18 is left."""


def tango_interval(b: float, c: float, n: float, confidence: float) -> tuple[float, float]:
    """Score interval (low, high) for the gain (b - c)/n; never of zero width, within [-1, 1].

    The gains t that the score test of `tango_z` does not reject. b, c may be averages over seeds.
    Raises ValueError for counts that no n prompts can give. Source: Tango 1998, Stat Med 17:891.
    """
    _check_counts(b, c, n)
    z = normal_quantile(confidence)
    gain = (b - c) / n
    low = -1.0 if gain <= -1 else _crossing(b, c, n, z, -1.0, gain)
    high = 1.0 if gain >= 1 else _crossing(b, c, n, -z, gain, 1.0)
    return low, high


def tango_z(b: float, c: float, n: float, t: float) -> float:
    """Score statistic of H0: gain = t, a standard normal under H0; it falls as t rises.

    T(t) = (b - c - n t) / sqrt(n (2 q + t (1 - t))), q = the likeliest share of base-only passes given
    a gain of t. At t = 0 it is McNemar's z without continuity correction. Infinite where t is
    impossible. Raises ValueError for counts that no n prompts can give. Source: Tango 1998.
    """
    _check_counts(b, c, n)
    return _score(b, c, n, t)


def tango_p_above(b: float, c: float, n: float, t: float) -> float:
    """One-sided p-value of H0: gain <= t; below alpha where `tango_interval` at 1 - 2 alpha lies above t."""
    return float(ndtr(-tango_z(b, c, n, t)))


def tango_p_below(b: float, c: float, n: float, t: float) -> float:
    """One-sided p-value of H0: gain >= t; below alpha where `tango_interval` at 1 - 2 alpha lies below t."""
    return float(ndtr(tango_z(b, c, n, t)))


def _crossing(b: float, c: float, n: float, z: float, left: float, right: float) -> float:
    """Where the falling score statistic passes z."""
    middle = (left + right) / 2
    for _ in range(_HALVINGS):
        if _score(b, c, n, middle) > z:
            left = middle
        else:
            right = middle
        middle = (left + right) / 2
    return middle


def _score(b: float, c: float, n: float, t: float) -> float:
    if abs(t) > 1:
        return math.copysign(math.inf, -t)
    distance = b - c - n * t
    variance = n * (2 * _base_only(b, c, n, t) + t * (1 - t))
    if variance <= 0:
        return math.copysign(math.inf, distance) if distance else 0.0
    return distance / math.sqrt(variance)


def _base_only(b: float, c: float, n: float, t: float) -> float:
    """The likeliest share of base-only passes given a gain of t: the larger root of 2n q² + B q + C = 0."""
    linear = -b - c + (2 * n - b + c) * t
    constant = -c * t * (1 - t)
    # Neither squares (they underflow near t = 0) nor differences of near equals.
    side = math.sqrt(8 * n * abs(constant))
    if constant > 0:
        root = math.sqrt(max(abs(linear) - side, 0.0)) * math.sqrt(abs(linear) + side)
    else:
        root = math.hypot(linear, side)
    if linear > 0:
        return -2 * constant / (linear + root)
    return (root - linear) / (4 * n)


def tango_scores(b: Floats, c: Floats, n: Floats | int, t: Floats | float) -> tuple[Floats, Floats]:
    """`tango_z` of many tables, and the likeliest share of base-only passes in each; nothing is checked."""
    linear = -b - c + (2 * n - b + c) * t
    constant = -c * t * (1 - t)
    side = np.sqrt(8 * n * np.abs(constant))
    falls = np.sqrt(np.maximum(np.abs(linear) - side, 0.0)) * np.sqrt(np.abs(linear) + side)
    root = np.where(constant > 0, falls, np.hypot(linear, side))
    with np.errstate(divide="ignore", invalid="ignore"):
        q = np.where(linear > 0, -2 * constant / (linear + root), (root - linear) / (4 * n))
        variance = 2 * q + t * (1 - t)
        distance = b - c - n * t
        certain = np.where(distance == 0, 0.0, np.copysign(np.inf, distance))
        z = np.where(variance > 0, distance / np.sqrt(n * variance), certain)
    return np.where(np.abs(t) > 1, np.copysign(np.inf, -np.asarray(t)), z), q


def _check_counts(b: float, c: float, n: float) -> None:
    if not (math.isfinite(b) and math.isfinite(c) and math.isfinite(n)):
        raise ValueError(f"counts must be finite; got b={b}, c={c}, n={n}")
    if n <= 0:
        raise ValueError(f"n must be at least one prompt; got {n}")
    if b < 0 or c < 0:
        raise ValueError(f"counts cannot be negative; got b={b}, c={c}")
    if b + c > n * (1 + 1e-12):
        raise ValueError(f"b + c cannot exceed n; got b={b}, c={c}, n={n}")


def newcombe_interval(a: int, b: int, c: int, d: int, confidence: float) -> tuple[float, float]:
    """Square-and-add interval (low, high) for the gain (b - c)/(a + b + c + d): Newcombe's method 10.

    a = both pass, b = adapter only, c = base only, d = neither. Raises ValueError for a negative count
    or no prompts. Source: Newcombe 1998, Stat Med 17:2635.
    """
    n = a + b + c + d
    if min(a, b, c, d) < 0 or n == 0:
        raise ValueError(f"counts must be 0 or more, and one at least above 0; got {(a, b, c, d)}")
    z = normal_quantile(confidence)
    adapter, base, gain = (a + b) / n, (a + c) / n, (b - c) / n
    adapter_low, adapter_high = _wilson(adapter, n, z)
    base_low, base_high = _wilson(base, n, z)
    psi = _correlation(a, b, c, d)
    low = _side(adapter - adapter_low, base_high - base, psi)
    high = _side(base - base_low, adapter_high - adapter, psi)
    return gain - low, gain + high


def _side(one: float, other: float, psi: float) -> float:
    return math.sqrt(max(one * one + other * other - 2 * psi * one * other, 0.0))


def _wilson(share: float, n: int, z: float) -> tuple[float, float]:
    centre = share + z * z / (2 * n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return (centre - half) / scale, (centre + half) / scale


def _correlation(a: int, b: int, c: int, d: int) -> float:
    margins = (a + b) * (c + d) * (a + c) * (b + d)
    if margins == 0:
        return 0.0
    excess: float = a * d - b * c
    if excess > 0:
        excess = max(excess - (a + b + c + d) / 2, 0.0)
    return excess / math.sqrt(margins)


def mcnemar_exact(b: int, c: int) -> float:
    """Two-sided exact p-value of equal pass rates: min(1, 2 P(X <= min(b, c))), X ~ Binomial(b + c, 1/2).

    Raises ValueError for counts that are negative or not whole.
    """
    _check_whole(b, c)
    return min(1.0, 2 * _binomial_cdf(min(b, c), b + c))


def mcnemar_midp(b: int, c: int) -> float:
    """Two-sided mid-p-value of equal pass rates: the exact one minus P(X = min(b, c)); 1 where b = c.

    Raises ValueError for counts that are negative or not whole. Source: Fagerland, Lydersen and Laake
    2013, BMC Med Res Meth 13:91.
    """
    _check_whole(b, c)
    smaller = min(b, c)
    return 1.0 if b == c else _binomial_cdf(smaller, b + c) + _binomial_cdf(smaller - 1, b + c)


def mcnemar_midp_up(b: int, c: int) -> float:
    """One-sided mid-p-value of H0: no gain, P(X > b) + P(X = b)/2; 1/2 where b = c."""
    _check_whole(b, c)
    return (_binomial_cdf(c, b + c) + _binomial_cdf(c - 1, b + c)) / 2


def mcnemar_midp_down(b: int, c: int) -> float:
    """One-sided mid-p-value of H0: no harm; `mcnemar_midp_up` with the counts exchanged."""
    return mcnemar_midp_up(c, b)


def _binomial_cdf(k: int, n: int) -> float:
    """P(X <= k) for X ~ Binomial(n, 1/2)."""
    return 0.0 if k < 0 else float(bdtr(k, n, 0.5))


def _check_whole(b: int, c: int) -> None:
    if b != int(b) or c != int(c) or b < 0 or c < 0:
        raise ValueError(f"counts must be whole numbers, 0 or more; got b={b}, c={c}")
