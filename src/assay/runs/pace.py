"""What generations cost: seconds for a step, a token, a character that is read, and a position that attention looks at.

Costs are fitted to what was seen. All but the steps add up over rows; how many steps a batch takes follows from its slots:
rows wait for one, and the last rows run with few others. It knows no engine.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

__all__ = ["Pace", "Work", "steps_of"]

Work = NDArray[np.float64]
"""(4): steps, tokens, characters, positions."""
STEP, LEAST, MOST = 0.04, 0.25, 0.8
"""Of a step whatever its rows, at first: it reads all weights and starts every operation. Seconds; but at least that share
of what its tokens cost, and at most that share of all time."""
PRIOR = np.array([1.0, 1 / 8, 1 / 2000])
"""Costs of a token, a character and a position in proportion, at first."""
NOISE = 0.07
"""Standard deviation of the seconds of an interval, as a share: at least; more where other programs come and go."""
MEMORY, RECENT = 900.0, 90.0
"""Seconds in which what was seen loses the weight 1 - 1/e: for the costs' proportions, and for their size."""


@dataclass(slots=True)
class Pace:
    """Costs in seconds, from intervals of work and how long each took."""

    products: NDArray[np.float64] = field(default_factory=lambda: np.zeros((4, 4)))
    targets: NDArray[np.float64] = field(default_factory=lambda: np.zeros(4))
    intervals: float = 0.0
    """How many there were, old ones fading."""
    recent: Work = field(default_factory=lambda: np.zeros(4))
    """Old work fades."""
    seconds: float = 0.0
    """Of the recent work."""

    def add(self, work: Work, seconds: float) -> None:
        """An interval."""
        if not work.any() or seconds <= 0:
            return
        scale = seconds**-2
        fade = np.exp(-seconds / MEMORY)
        self.intervals = fade * self.intervals + 1
        self.products = fade * self.products + scale * np.outer(work, work)
        self.targets = fade * self.targets + scale * work * seconds
        fade = np.exp(-seconds / RECENT)
        self.recent, self.seconds = fade * self.recent + work, fade * self.seconds + seconds

    def costs(self) -> Work:
        """(4): seconds of each, once there was an interval; proportions near those at first where nothing speaks against."""
        steps, tokens, *_ = self.recent
        others = max(float(self.recent[1:] @ PRIOR), 1e-9)
        share = LEAST * tokens / (LEAST * tokens + others)
        steady = min(max(STEP * steps, share * self.seconds), MOST * self.seconds)
        start = np.array([steady / max(steps, 1.0), *(PRIOR * (self.seconds - steady) / others)])
        costs = self._fitted(start, NOISE**2)
        residual = self.intervals - 2 * costs @ self.targets + costs @ self.products @ costs
        if (variance := float(residual) / self.intervals) > NOISE**2:
            costs = self._fitted(start, variance)
        return np.asarray(costs * self.seconds / float(self.recent @ costs))

    def _fitted(self, start: Work, variance: float) -> Work:
        """Ridge regression on the deviation from the start, as a share of it."""
        products = start[:, None] * self.products * start / variance
        targets = start * (self.targets - self.products @ start) / variance
        return np.asarray(start * np.maximum(1 + np.linalg.solve(products + np.eye(4), targets), 0.05))


def steps_of(under_way: Iterable[float], waiting: Iterable[float], slots: int) -> float:
    """Steps until rows with so many tokens to come are complete, and those that wait for their slots, in order."""
    ends = sorted(under_way)
    for tokens in waiting:
        start = heapq.heappop(ends) if len(ends) >= max(slots, 1) else 0.0
        heapq.heappush(ends, start + tokens)
    return max(ends, default=0.0)
