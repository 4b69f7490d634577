"""Positions of numbers in a figure: axes in percent of its width, ticks, colour steps. It knows no finding."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Axis", "axis", "step"]


@dataclass(frozen=True, slots=True)
class Axis:
    """A linear axis, drawn over the middle 96 % of a figure."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def at(self, value: float) -> float:
        """Position of a value, in percent from the low end; never outside the figure."""
        share = (value - self.low) / (self.high - self.low)
        return round(2 + 96 * min(1.0, max(0.0, share)), 2)


def axis(values: Iterable[float], margin: float, ticks: int = 5) -> Axis:
    """An axis that includes all values, 0 and the margin on both sides, with about this many round ticks."""
    found = [0.0, margin, -margin, *values]
    low, high = min(found), max(found)
    pad = 0.03 * (high - low)
    low, high = low - pad, high + pad
    size = _round_step((high - low) / ticks)
    first = math.ceil(low / size)
    return Axis(low, high, tuple(i * size for i in range(first, math.floor(high / size) + 1)))


def _round_step(rough: float) -> float:
    """The next of 1, 2, 5, 10, 20, ... points."""
    scale = 10.0 ** math.floor(math.log10(rough))
    return next(scale * factor for factor in (1, 2, 5, 10) if scale * factor >= rough * 0.999)


def step(gain: float | None, margin: float) -> str:
    """Colour class of a gain: `z` within half a margin, then `p1` to `p4`, `n1` to `n4` by 1, 2 and 4 margins."""
    if gain is None:
        return "none"
    size = sum(abs(gain) >= limit * margin for limit in (0.5, 1, 2, 4))
    return "z" if size == 0 else f"{'p' if gain > 0 else 'n'}{size}"
