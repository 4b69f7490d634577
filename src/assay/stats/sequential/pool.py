"""The pool answer: what the full run over exactly these prompts would print, from a part of them.

It is about this prompt list only, never about prompts of this kind: a separate, optional field with its own words. Prompts are drawn without replacement, so it is always settled at the last prompt.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from assay.stats.sequential.confidence import pool_interval
from assay.stats.sequential.evidence import averaged

__all__ = ["POOL_WORDS", "PoolAnswer", "pool_answer"]

POOL_WORDS = {
    "reaches the margin": "Over the whole list the adapter scores higher by the margin or more.",
    "higher, below the margin": "Over the whole list the adapter scores higher, by less than the margin.",
    "equal": "Over the whole list the adapter and its base score the same.",
    "lower": "Over the whole list the adapter scores lower.",
    "higher": "Over the whole list the adapter scores higher; whether by the margin is open.",
    "below the margin": "Over the whole list the adapter scores higher by less than the margin, or no higher.",
    "open": "The prompts so far fit several of these.",
}
"""Each word, in one sentence; the first four cannot change any more."""

_SETTLED = ("reaches the margin", "higher, below the margin", "equal", "lower")


@dataclass(frozen=True, slots=True)
class PoolAnswer:
    """What part of a list says of the whole list."""

    word: str
    """One of `POOL_WORDS`."""
    settled: bool
    """No further prompt can change the word."""
    low: float
    """Ends of its interval."""
    high: float
    """Interval for the full list's gain, alpha on each side, valid at every prompt."""
    n: int
    """Prompts seen."""
    pool: int
    """Prompts of the list."""


def pool_answer(differences: ArrayLike, weights: ArrayLike, margin: float, alpha: float) -> PoolAnswer:
    """What the full list's gain will be, against 0 and the margin; exact, and decided by the last prompt.

    differences: (n,) or (n, seeds), in the order of drawing; seeds are averaged. weights: (pool,), checks of
    every prompt of the list in that order; ones for pass or fail. alpha: of each end of the interval, over
    all prompts together. Raises ValueError for shapes that do not fit, differences beyond their weights, or
    a margin or an alpha outside (0, 1).
    """
    if not 0 < margin < 1:
        raise ValueError(f"the margin must lie between 0 and 1, as 0.05 does; got {margin}")
    d, _ = averaged(differences, None)
    m = np.asarray(weights, dtype=np.float64)
    low, high = pool_interval(d, alpha, m)
    word = _word(low, high, margin)
    return PoolAnswer(word, word in _SETTLED, low, high, len(d), len(m))


def _word(low: float, high: float, margin: float) -> str:
    if low >= margin:
        return "reaches the margin"
    if high < 0:
        return "lower"
    if low > 0:
        return "higher, below the margin" if high < margin else "higher"
    if low == high == 0:
        return "equal"
    return "below the margin" if high < margin else "open"
