"""One subject's share of passes, when each prompt passes or fails once.

>>> low, high = proportion_interval(8, 10, 0.95)
>>> round(low, 4), round(high, 4)
(0.4439, 0.9748)
"""

from __future__ import annotations

from scipy.special import betaincinv

__all__ = ["proportion_interval"]


def proportion_interval(passed: int, n: int, confidence: float) -> tuple[float, float]:
    """Exact interval (low, high) for a share of passes: it holds the true share at least as often as it says.

    passed: of n, each independent of the others. Raises ValueError for counts that cannot be, or a confidence
    outside (0, 1). Source: Clopper and Pearson 1934, Biometrika 26:404.
    """
    if not 0 <= passed <= n or n < 1:
        raise ValueError(f"need 0 to n passes of n of at least 1; got {passed} of {n}")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie strictly between 0 and 1, as 0.95 does; got {confidence}")
    tail = (1 - confidence) / 2
    low = float(betaincinv(passed, n - passed + 1, tail)) if passed else 0.0
    high = float(betaincinv(passed + 1, n - passed, 1 - tail)) if passed < n else 1.0
    return low, high
