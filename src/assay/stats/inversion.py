"""Where a one-sided p-value passes a level: the end of the interval that the test inverts."""

from __future__ import annotations

from collections.abc import Callable

from scipy.special import ndtri

__all__ = ["low_end"]

_CLOSE = 2e-5
"""Ends are found to about this, outwards."""


def low_end(p_above: Callable[[float], float], alpha: float, start: float, error: float) -> float:
    """The largest t at or below `start` with p_above(t) <= alpha, or up to 2e-5 less; -1 where none is found.

    p_above: rises with t. error: about a standard error, above 0. Secant steps in z, within a
    bracket whose lower side is rejected.
    """
    wanted = -float(ndtri(alpha))

    def short(t: float) -> float:
        """How far z falls short of what rejects; 0 or less where t is rejected."""
        return wanted + float(ndtri(min(p_above(t), 1 - 1e-16)))

    above, right = short(start), start
    if above <= 0:
        return start
    step = 1.5 * min(above, 8.0) * error
    left = max(-1.0, start - step)
    while (below := short(left)) > 0:
        if left <= -1:
            return -1.0
        right, above, step = left, below, 2 * step
        left = max(-1.0, left - step)
    below = max(below, -40.0)
    while (to_end := (right - left) * -below / (above - below)) > _CLOSE and right - left > _CLOSE:
        margin = (right - left) / 20
        middle = min(max(left + to_end - _CLOSE / 2, left + margin), right - margin)
        if (found := short(middle)) <= 0:
            left, below = middle, max(found, -40.0)
        else:
            right, above = middle, found
    return left
