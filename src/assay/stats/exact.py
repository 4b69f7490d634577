"""Exact tests of a paired pass-or-fail gain at any null, and their hull with Tango's score test.

b prompts that only the adapter passes, c that only the base passes, of n. At a gain of t the counts still depend
on the discordance psi; the p-value is the largest over an interval that holds psi with confidence 1 - 1e-9
(Berger and Boos 1994, JASA 89:1012), of tables at least as extreme as the one observed by Tango's score less its
skewness. The supremum is taken on a grid with a factor of 1.001 for what lies between its points: an allowance that
1,250 tables never used up, not a bound.

    >>> round(exact_paired_p(6, 0, 60), 4), round(exact_paired_p(6, 0, 60, 0.05), 4)
    (0.007, 0.0881)
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, betaincinv, gammaln, xlog1py, xlogy

from assay.stats.inversion import low_end
from assay.stats.paired import tango_interval, tango_p_above, tango_scores

__all__ = ["Side", "exact_paired_p", "hull_p", "hull_rejects", "paired_interval"]

Side = Literal["above", "below"]
Floats = NDArray[np.float64]
Wholes = NDArray[np.int64]

_GAMMA = 1e-9
"""What the discordance's interval may miss; added to every p-value."""
_CUT = 1e-10
"""For the tails that the sums leave out."""
_BETWEEN = 1.001
"""For what the grid misses of the supremum."""
_STEP = 0.2
"""Of the grid, in units of 1/sqrt(n) of the angle."""
_SKEWED = 64.0
"""z² at which the correction for skewness stops growing."""


def exact_paired_p(b: int, c: int, n: int, null: float = 0.0, side: Side = "above") -> float:
    """Exact one-sided p-value of H0: gain <= null (`above`) or of H0: gain >= null (`below`).

    Its error is at or below the level at every n, null and discordance. Raises ValueError for counts that are not
    whole or that no n prompts can give, or another side.
    """
    _check(b, c, n, side)
    if side == "above":
        return _exact_above(int(b), int(c), int(n), float(null))
    return _exact_above(int(c), int(b), int(n), -float(null))


def hull_p(b: int, c: int, n: int, null: float, side: Side) -> float:
    """The larger of the exact p-value and Tango's: what claims are judged by."""
    _check(b, c, n, side)
    if side == "above":
        return _hull_above(int(b), int(c), int(n), float(null))
    return _hull_above(int(c), int(b), int(n), -float(null))


def hull_rejects(b: int, c: int, n: int, null: float, side: Side, alpha: float) -> bool:
    """Whether `hull_p` is at or below alpha; the exact test is left out where Tango's does not reject."""
    _check(b, c, n, side)
    if side == "below":
        b, c, null = c, b, -null
    return (
        tango_p_above(b, c, n, null) <= alpha and _exact_above(int(b), int(c), int(n), float(null)) <= alpha
    )


def paired_interval(b: int, c: int, n: int, confidence: float) -> tuple[float, float]:
    """Interval (low, high) for the gain: the wider of Tango's and the exact test's at each end, within [-1, 1].

    Raises ValueError as `exact_paired_p`, or for a confidence outside (0, 1).
    """
    _check(b, c, n, "above")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie strictly between 0 and 1, as 0.95 does; got {confidence}")
    return _interval(int(b), int(c), int(n), float(confidence))


@lru_cache(maxsize=65536)
def _interval(b: int, c: int, n: int, confidence: float) -> tuple[float, float]:
    low, high = tango_interval(b, c, n, confidence)
    alpha = (1 - confidence) / 2
    return _low_end(b, c, n, alpha, low), -_low_end(c, b, n, alpha, -high)


def _low_end(b: int, c: int, n: int, alpha: float, tango: float) -> float:
    """Tango's end, or below it that of the exact test."""
    if alpha <= _GAMMA + _CUT:
        return -1.0
    return low_end(lambda t: _exact_above(b, c, n, t), alpha, tango, math.sqrt(b + c + 1) / n)


@lru_cache(maxsize=262144)
def _hull_above(b: int, c: int, n: int, t: float) -> float:
    return max(tango_p_above(b, c, n, t), _exact_above(b, c, n, t))


@lru_cache(maxsize=262144)
def _exact_above(b: int, c: int, n: int, t: float) -> float:
    """The p-value of H0: gain <= t."""
    if t >= 1:
        return 1.0
    if t < -1:
        return 0.0
    observed = float(_order(np.array([b]), np.array([c]), n, t)[0]) - 1e-9  # ties count
    low, high = _discordance(b + c, n)
    if high <= abs(t):
        return _GAMMA + _CUT if t < 0 else min(1.0, _GAMMA + _all_upwards(n, t, observed, high))
    psi = _grid(max(low, abs(t)), high, abs(t), n)
    region = _Region(n, t, observed, (psi[[0, -1]] - t) / 2)
    p = region.probability(psi)
    best = int(p.argmax())
    around = psi[max(best - 1, 0)], psi[min(best + 1, len(psi) - 1)]
    finest = float(max(p[best], region.probability(np.linspace(*around, 10)[1:-1]).max()))
    return min(1.0, _BETWEEN * finest + _GAMMA + _CUT)


def _discordance(differ: int, n: int) -> tuple[float, float]:
    """Clopper and Pearson's interval for the share of prompts that differ, gamma/2 on each side."""
    low = float(betaincinv(differ, n - differ + 1, _GAMMA / 2)) if differ else 0.0
    high = 1 - float(betaincinv(n - differ, differ + 1, _GAMMA / 2)) if differ < n else 1.0
    return low, high


def _grid(low: float, high: float, least: float, n: int) -> Floats:
    """Discordances, uniform in asin sqrt((psi - |t|)/(1 - |t|)): peaks near both ends are as wide as others."""
    ends = np.arcsin(np.sqrt((np.array([low, high]) - least) / (1 - least)))
    points = max(7, math.ceil((ends[1] - ends[0]) * math.sqrt(n) / _STEP) + 1)
    grid: Floats = least + (1 - least) * np.sin(np.linspace(ends[0], ends[1], points)) ** 2
    return grid


def _all_upwards(n: int, t: float, observed: float, discordance: float) -> float:
    """P(as many rise), where too few prompts differ for a gain of t: all that differ rise."""
    least = int(_first(np.array([0]), n, t, observed)[0])
    return float(betainc(least, n - least + 1, discordance)) if 0 < least <= n else float(least == 0)


class _Region:
    """The tables at least as extreme as the observed one: for each c the least b that is."""

    def __init__(self, n: int, t: float, observed: float, q_ends: Floats) -> None:
        self.n, self.t = n, t
        self.start = int(_window(n, q_ends[:1])[0][0])
        stop = int(_window(n, q_ends[1:])[1][0])
        c = np.arange(self.start, stop + 1)
        self.first = _first(c, n, t, observed)
        self.log_ways = gammaln(n + 1) - gammaln(c + 1) - gammaln(n - c + 1)

    def probability(self, psi: Floats) -> Floats:
        """Of the region, at each discordance: sum over c of Bin(c; n, q) P(Bin(n - c, (q + t)/(1 - q)) >= first)."""
        n = self.n
        q = np.maximum((psi - self.t) / 2, 0.0)
        starts, stops = _window(n, q)
        widths = stops - starts + 1
        edges = np.concatenate(([0], np.cumsum(widths)[:-1]))
        c = np.arange(int(widths.sum())) + np.repeat(starts - edges, widths)
        of_base, first = np.repeat(q, widths), self.first[c - self.start]
        mass = np.exp(self.log_ways[c - self.start] + xlogy(c, of_base) + xlog1py(n - c, -of_base))
        rise = np.clip((of_base + self.t) / np.maximum(1 - of_base, 1e-300), 0.0, 1.0)
        inside = (first > 0) & (first <= n - c)
        beyond = np.where(first <= 0, 1.0, 0.0)
        beyond[inside] = betainc(first[inside], (n - c - first + 1)[inside], rise[inside])
        total: Floats = np.add.reduceat(mass * beyond, edges)
        return total


def _window(n: int, q: Floats) -> tuple[Wholes, Wholes]:
    """First and last c within 6.5 standard deviations, and 8 to 12 prompts, of n q."""
    spread = 6.5 * np.sqrt(n * q * (1 - q))
    first = np.clip(np.floor(n * q - spread - 8), 0, n)
    last = np.clip(np.ceil(n * q + spread + 12), 0, n)
    return first.astype(np.int64), last.astype(np.int64)


def _first(c: Wholes, n: int, t: float, observed: float) -> Wholes:
    """For each c the least b whose order is at least the observed one; n - c + 1 where none is."""
    low, high = np.full(len(c), -1), n - c + 1
    while (high - low > 1).any():
        middle = (low + high) // 2
        enough = _order(np.clip(middle, 0, n - c), c, n, t) >= observed
        enough &= middle >= 0
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return high


def _order(b: Wholes, c: Wholes, n: int, t: float) -> Floats:
    """Tango's score at t; above t = 0 less z² - 1 times its positive skewness over 6 sqrt(n)."""
    z, q = tango_scores(b.astype(np.float64), c.astype(np.float64), n, t)
    if t <= 0:
        return z
    variance = 2 * q + t * (1 - t)
    third = (q + t) * (1 - t) ** 3 - q * (1 + t) ** 3 - (1 - 2 * q - t) * t**3
    skewness = np.maximum(third, 0.0) / np.where(variance > 1e-100, variance, np.inf) ** 1.5
    corrected: Floats = z - skewness / (6 * math.sqrt(n)) * (np.minimum(z * z, _SKEWED) - 1)
    return corrected


def _check(b: float, c: float, n: float, side: str) -> None:
    if side not in ("above", "below"):
        raise ValueError(f"side is 'above' or 'below'; got {side!r}")
    if any(value != int(value) for value in (b, c, n)) or n < 1 or min(b, c) < 0 or b + c > n:
        raise ValueError(
            f"counts must be whole, 0 or more, and b + c at most n >= 1; got b={b}, c={c}, n={n}"
        )
