"""How often a paired pass-or-fail test rejects, summed over every table of n prompts: no simulation.

A test rejects {gain <= t} for the tables that have, for each number c of prompts that only the base passes, at
least `first[c]` that only the adapter passes. Tests of {gain >= t} are the mirror image: null and gain with the
other sign.

    >>> first = first_rejected(60, 0.05, 0.05)
    >>> error, discordance = worst_error(first, 0.05)
    >>> round(error, 4)
    0.0493
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, gammaln, xlog1py, xlogy

from assay.stats.exact import hull_p
from assay.stats.paired import tango_p_above

__all__ = ["first_rejected", "rejection_probability", "worst_error"]

PValue = Callable[[int, int, int, float], float]
"""Of (b, c, n, t), for H0: gain <= t."""


def _hull(b: int, c: int, n: int, t: float) -> float:
    return hull_p(b, c, n, t, "above")


def first_rejected(n: int, t: float, alpha: float, p_above: PValue = _hull) -> NDArray[np.int64]:
    """For each c from 0 to n the fewest b whose p-value of {gain <= t} is at or below alpha; n - c + 1 where none is.

    p_above: never below Tango's, and falling in b, as the test that claims are judged by; the default.
    """
    first = n - np.arange(n + 1) + 1
    b = 0
    for c in range(n + 1):
        b = max(0, b - 1)
        while b <= n - c and tango_p_above(b, c, n, t) > alpha:
            b += 1
        while b <= n - c and p_above(b, c, n, t) > alpha:
            b += 1
        if b > n - c:
            break
        first[c] = b
    return first


def rejection_probability(
    first: NDArray[np.int64], gain: float, discordance: ArrayLike
) -> NDArray[np.float64]:
    """The chance of a rejected table where the true gain is this, for each discordance, |gain| or more; (k,)."""
    n, c = len(first) - 1, np.arange(len(first))
    ways = gammaln(n + 1) - gammaln(c + 1) - gammaln(n - c + 1)
    inside = first <= n - c
    c, least, ways = c[inside], first[inside], ways[inside]
    some = np.maximum(least, 1)
    found = []
    for psi in np.atleast_1d(np.asarray(discordance, dtype=np.float64)):
        fall = max((psi - gain) / 2, 0.0)
        mass = np.exp(ways + xlogy(c, fall) + xlog1py(n - c, -fall))
        rise = min(max((fall + gain) / (1 - fall), 0.0), 1.0) if fall < 1 else 0.0
        found.append(float((mass * np.where(least > 0, betainc(some, n - c - some + 1, rise), 1.0)).sum()))
    return np.array(found)


def worst_error(first: NDArray[np.int64], t: float) -> tuple[float, float]:
    """(error, discordance) where rejecting {gain <= t} is wrong most often: at a gain of t.

    Over 400 discordances, dense near |t|, then 60 around the largest.
    """
    least = max(abs(t), 1e-6)
    psi = least + (1 - least) * np.linspace(0, 1, 400) ** 3
    coarse = rejection_probability(first, t, psi)
    best = int(coarse.argmax())
    near = np.linspace(psi[max(best - 1, 0)], psi[min(best + 1, len(psi) - 1)], 60)
    fine = rejection_probability(first, t, near)
    at = int(fine.argmax())
    return max((float(fine[at]), float(near[at])), (float(coarse[best]), float(psi[best])))
