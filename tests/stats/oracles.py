"""Independent ways to the same numbers: slow, by brute force, sharing no code with what they check."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import gammaln, xlogy
from scipy.stats import norm


def score_z_by_likelihood(b: int, c: int, n: int, t: float) -> float:
    """Tango's z with the nuisance share found as the root of the likelihood's derivative, not by formula."""

    def slope(q: float) -> float:
        """d/dq of b log(q + t) + c log(q) + (n - b - c) log(1 - 2q - t)."""
        total = -2 * (n - b - c) / (1 - 2 * q - t) if n > b + c else 0.0
        return total + (b / (q + t) if b else 0.0) + (c / q if c else 0.0)

    edge = 1e-13
    low, high = max(0.0, -t) + edge, (1 - t) / 2 - edge
    if slope(low) <= 0:
        q = max(0.0, -t)
    elif slope(high) >= 0:
        q = (1 - t) / 2
    else:
        q = brentq(slope, low, high, xtol=1e-15, rtol=1e-14)
    distance = b - c - n * t
    return distance and float(distance / np.sqrt(n * (2 * q + t - t * t)))


def score_interval_by_likelihood(b: int, c: int, n: int, confidence: float) -> tuple[float, float]:
    """Where `score_z_by_likelihood` passes the normal quantiles."""
    z, gain = norm.ppf((1 + confidence) / 2), (b - c) / n
    near = 1e-9

    def cross(level: float, left: float, right: float) -> float:
        return float(brentq(lambda t: score_z_by_likelihood(b, c, n, t) - level, left, right, xtol=1e-12))

    low = -1.0 if gain == -1 else cross(z, -1 + near, gain - near)
    high = 1.0 if gain == 1 else cross(-z, gain + near, 1 - near)
    return low, high


def tables(n: int) -> Iterator[tuple[int, int]]:
    """Every (b, c) of n prompts."""
    return ((b, c) for b in range(n + 1) for c in range(n + 1 - b))


def weighed_tables(n: int, discordance: float, gain: float) -> list[tuple[int, int, float]]:
    """(b, c, probability) for n prompts; those left out sum to less than 1e-4."""
    up, down = (discordance + gain) / 2, (discordance - gain) / 2
    b, c = np.indices((n + 1, n + 1))
    inside = b + c <= n
    b, c = b[inside], c[inside]
    log_p: NDArray[np.float64] = (
        gammaln(n + 1) - gammaln(b + 1) - gammaln(c + 1) - gammaln(n - b - c + 1)
        + xlogy(b, up) + xlogy(c, down) + xlogy(n - b - c, 1 - discordance)
    )  # fmt: skip
    p = np.exp(log_p)
    keep = p > 1e-8
    assert p[keep].sum() > 1 - 1e-4
    return list(zip(b[keep].tolist(), c[keep].tolist(), p[keep].tolist(), strict=True))
