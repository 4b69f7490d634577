"""Gains: an adapter's score minus its base's on the same prompts, with intervals and p-values.

The interface between scores and verdicts: `judge` takes any `Gain` and needs no more than this. It knows no claim,
task or model.

    >>> PairedGain(b=9, c=3, n=32).estimate
    0.1875
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.stats.exact import hull_p, hull_rejects, paired_interval
from assay.stats.pivots import widened_error
from assay.stats.weighted import ClusteredGain

__all__ = ["Gain", "PairedGain", "paired_gain"]


class Gain(Protocol):
    """The parts of a gain that a verdict needs; fractions of 1 throughout."""

    @property
    def estimate(self) -> float:
        """The observed gain."""
        ...

    @property
    def n(self) -> int:
        """Prompts."""
        ...

    @property
    def discordant(self) -> int:
        """Prompts on which adapter and base differ (over the seeds' mean, for a recipe)."""
        ...

    @property
    def standard_error(self) -> float:
        """Of the estimate; above 0 even where no prompt differs."""
        ...

    def seed_share(self, confidence: float) -> float:
        """Share of the squared half width that seeds bring, and that more prompts leave as it is."""
        ...

    @property
    def p_two_sided(self) -> float:
        """Two-sided p-value of H0: no difference."""
        ...

    def interval(self, confidence: float) -> tuple[float, float]:
        """(low, high), within [-1, 1]."""
        ...

    def p_above(self, t: float) -> float:
        """One-sided p-value of H0: gain <= t; below alpha where interval(1 - 2 alpha) lies above t."""
        ...

    def p_below(self, t: float) -> float:
        """One-sided p-value of H0: gain >= t; below alpha where interval(1 - 2 alpha) lies below t."""
        ...

    def rejects_above(self, t: float, alpha: float) -> bool:
        """Whether {gain <= t} is rejected at this one-sided level: p_above(t) <= alpha."""
        ...

    def rejects_below(self, t: float, alpha: float) -> bool:
        """Whether {gain >= t} is rejected at this one-sided level: p_below(t) <= alpha."""
        ...


@dataclass(frozen=True, slots=True)
class PairedGain:
    """One adapter, pass or fail: exact tests and Tango's, of which both must reject."""

    b: int
    """Prompts that only the adapter passes."""
    c: int
    """Prompts that only the base passes."""
    n: int
    """Prompts."""

    def __post_init__(self) -> None:
        """Raise ValueError for counts that no n prompts can give."""
        if self.n < 1 or min(self.b, self.c) < 0 or self.b + self.c > self.n:
            raise ValueError(f"counts must be 0 or more and b + c at most n >= 1; got {self}")

    @property
    def estimate(self) -> float:
        """(b - c)/n."""
        return (self.b - self.c) / self.n

    @property
    def discordant(self) -> int:
        """b + c."""
        return self.b + self.c

    @property
    def standard_error(self) -> float:
        """sqrt(sum (d_i - gain)² / (n (n - 1))); at small counts not below what the interval implies."""
        spread = max(self.discordant / self.n - self.estimate**2, 0.0)
        error = math.sqrt(spread / (self.n - 1)) if self.n > 1 else 0.0
        return widened_error(error, self.discordant, self)

    def seed_share(self, confidence: float) -> float:  # noqa: ARG002
        """0: one adapter."""
        return 0.0

    @property
    def p_two_sided(self) -> float:
        """Twice the smaller one-sided p-value of H0: no difference; at most 1."""
        return min(1.0, 2 * min(self.p_above(0.0), self.p_below(0.0)))

    def interval(self, confidence: float) -> tuple[float, float]:
        """The exact test's and Tango's together: `paired_interval`."""
        return paired_interval(self.b, self.c, self.n, confidence)

    def p_above(self, t: float) -> float:
        """The larger of the exact p-value and Tango's, of H0: gain <= t."""
        return hull_p(self.b, self.c, self.n, t, "above")

    def p_below(self, t: float) -> float:
        """The larger of the exact p-value and Tango's, of H0: gain >= t."""
        return hull_p(self.b, self.c, self.n, t, "below")

    def rejects_above(self, t: float, alpha: float) -> bool:
        """Whether both tests reject {gain <= t}."""
        return hull_rejects(self.b, self.c, self.n, t, "above", alpha)

    def rejects_below(self, t: float, alpha: float) -> bool:
        """Whether both tests reject {gain >= t}."""
        return hull_rejects(self.b, self.c, self.n, t, "below", alpha)


def paired_gain(base: ArrayLike, adapter: ArrayLike, out_of: ArrayLike) -> PairedGain | ClusteredGain:
    """The gain of one adapter over its base from what each passes of every prompt's checks.

    base, adapter, out_of: (n,) whole numbers, 0 <= passed <= out_of, out_of >= 1. A `PairedGain` where
    every prompt has one check, else a `ClusteredGain`. Raises ValueError for anything else.
    """
    before, after, checks = (_whole(values) for values in (base, adapter, out_of))
    if not (before.shape == after.shape == checks.shape and before.ndim == 1 and before.size):
        raise ValueError(
            "base, adapter and out_of must be lists of one length, 1 at least; "
            f"got shapes {before.shape}, {after.shape}, {checks.shape}"
        )
    wrong = (checks < 1) | (np.minimum(before, after) < 0) | (np.maximum(before, after) > checks)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValueError(f"prompt {row}: {before[row]} and {after[row]} passed out of {checks[row]}")
    if (checks == 1).all():
        return PairedGain(int((after > before).sum()), int((after < before).sum()), len(checks))
    return ClusteredGain((after - before).astype(np.float64), checks.astype(np.float64))


def _whole(values: ArrayLike) -> NDArray[np.int64]:
    array = np.asarray(values)
    if not (np.issubdtype(array.dtype, np.integer) or array.dtype == np.bool_):
        raise ValueError(f"scores must be whole numbers; got an array of {array.dtype}")
    return array.astype(np.int64)
