"""Gains of a run that may stop early; both kinds are a `Gain`, so that `judge` reads either.

Their intervals and p-values allow for every look so far. The estimate is the plain one: where the results made
a run stop, it lies further from 0 than the truth on average, and is to be shown as "at the stop".
Seeds, where there are several, are fixed: these adapters, other prompts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from assay.stats.gains import Gain, PairedGain
from assay.stats.ratio import Floats, checked
from assay.stats.sequential.boundaries import critical_values
from assay.stats.sequential.confidence import betting_interval, betting_p_above
from assay.stats.sequential.spending import Spending
from assay.stats.weighted import ClusteredGain

__all__ = ["BettingGain", "Evidence", "RepeatedGain", "averaged", "gain_at", "levels"]

_HALVINGS = 30
_LEAST_P = 1e-12


def levels(looks: tuple[int, ...], pool: int, spending: Spending, alpha: float) -> tuple[float, ...]:
    """The one-sided level of each look's own test, 0 where it tests nothing; together they err alpha.

    looks: prompts at each, rising, the last at most the pool; at the pool all of alpha is spent.
    """
    spent = [spending.spent(alpha, n / pool) for n in looks]
    return tuple(float(ndtr(-bound)) for bound in critical_values(looks, spent))


class _AtStop:
    """What both kinds take from the fixed-size gain over the prompts seen by now."""

    __slots__ = ()

    @property
    def now(self) -> Gain:
        """The gain as if nobody had looked before."""
        raise NotImplementedError

    @property
    def estimate(self) -> float:
        """The observed gain, at the stop."""
        return self.now.estimate

    @property
    def n(self) -> int:
        """Prompts seen."""
        return self.now.n

    @property
    def discordant(self) -> int:
        """Prompts seen that differ."""
        return self.now.discordant

    @property
    def standard_error(self) -> float:
        """Of the estimate, as if nobody had looked before."""
        return self.now.standard_error

    def seed_share(self, confidence: float) -> float:  # noqa: ARG002
        """0: seeds are fixed."""
        return 0.0

    @property
    def p_two_sided(self) -> float:
        """Twice the smaller one-sided p-value, at most 1."""
        return min(1.0, 2 * min(self.p_above(0.0), self.p_below(0.0)))

    def p_above(self, t: float) -> float:
        """One-sided p-value of H0: gain <= t."""
        raise NotImplementedError

    def p_below(self, t: float) -> float:
        """One-sided p-value of H0: gain >= t."""
        raise NotImplementedError

    def rejects_above(self, t: float, alpha: float) -> bool:
        """Whether {gain <= t} is rejected by now."""
        return self.p_above(t) <= alpha

    def rejects_below(self, t: float, alpha: float) -> bool:
        """Whether {gain >= t} is rejected by now."""
        return self.p_below(t) <= alpha


@dataclass(frozen=True, slots=True, eq=False)
class RepeatedGain(_AtStop):
    """Group-sequential: the gain at each look, each tested at its own level.

    A null rejected at any look stays rejected. For pass or fail each look's own error is at most its level; that the
    looks together err alpha is the Gaussian walk's. Source of the intervals: repeated confidence intervals, Jennison
    and Turnbull 1989, JRSS B 51:305.
    """

    gains: tuple[Gain, ...]
    """At each look so far, over rising numbers of prompts, each the first of one random order."""
    pool: int
    """Prompts at which the design ends."""
    spending: Spending
    """How alpha is spread over the looks."""

    def __post_init__(self) -> None:
        """Raise ValueError for no look, looks that do not rise, or more prompts than the pool."""
        looks = self.looks
        if not looks or any(a >= b for a, b in pairwise(looks)) or looks[-1] > self.pool:
            raise ValueError(f"looks must rise to at most the pool of {self.pool} prompts; got {looks}")

    @property
    def looks(self) -> tuple[int, ...]:
        """Prompts at each look."""
        return tuple(gain.n for gain in self.gains)

    @property
    def now(self) -> Gain:
        """The gain at the last look, as if it were the only one."""
        return self.gains[-1]

    def interval(self, confidence: float) -> tuple[float, float]:
        """The repeated intervals of all looks, intersected; should that be empty, the last look's alone."""
        at = levels(self.looks, self.pool, self.spending, (1 - confidence) / 2)
        lows, highs = zip(
            *(
                gain.interval(1 - 2 * level) if level else (-1.0, 1.0)
                for gain, level in zip(self.gains, at, strict=True)
            ),
            strict=True,
        )
        low, high = max(lows), min(highs)
        return (low, high) if low <= high else (lows[-1], highs[-1])

    def p_above(self, t: float) -> float:
        """The smallest alpha at which some look rejects H0: gain <= t; never below 1e-12."""
        return self._smallest_alpha([gain.p_above(t) for gain in self.gains])

    def p_below(self, t: float) -> float:
        """The smallest alpha at which some look rejects H0: gain >= t; never below 1e-12."""
        return self._smallest_alpha([gain.p_below(t) for gain in self.gains])

    def rejects_above(self, t: float, alpha: float) -> bool:
        """Whether some look rejects {gain <= t} at its level."""
        return any(level and gain.rejects_above(t, level) for gain, level in self._tested(alpha))

    def rejects_below(self, t: float, alpha: float) -> bool:
        """Whether some look rejects {gain >= t} at its level."""
        return any(level and gain.rejects_below(t, level) for gain, level in self._tested(alpha))

    def _tested(self, alpha: float) -> Iterator[tuple[Gain, float]]:
        return zip(self.gains, levels(self.looks, self.pool, self.spending, alpha), strict=True)

    def _smallest_alpha(self, p_values: list[float]) -> float:
        def rejects(log_alpha: float) -> bool:
            at = levels(self.looks, self.pool, self.spending, math.exp(log_alpha))
            return any(p <= level for p, level in zip(p_values, at, strict=True))

        low, high = math.log(_LEAST_P), math.log(1 - 1e-9)
        if not rejects(high):
            return 1.0
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            low, high = (low, middle) if rejects(middle) else (middle, high)
        return math.exp(high)


@dataclass(frozen=True, slots=True, eq=False)
class BettingGain(_AtStop):
    """The betting design: valid whenever one looks, with no schedule and no approximation."""

    differences: Floats
    """(n,), in the order of drawing: checks won minus checks lost, means over seeds where there are several."""
    weights: Floats
    """(n,) checks of each prompt."""
    heaviest: float = 1.0
    """The largest weight in the pool, known before the first prompt."""

    @property
    def now(self) -> Gain:
        """The gain as if nobody had looked before."""
        return gain_at(self.differences, self.weights, len(self.weights))

    def interval(self, confidence: float) -> tuple[float, float]:
        """The confidence sequence's, with (1 - confidence)/2 on each side; should it be empty, [-1, 1]."""
        low, high = betting_interval(self.differences, (1 - confidence) / 2, self.weights, self.heaviest)
        return (low, high) if low <= high else (-1.0, 1.0)

    def p_above(self, t: float) -> float:
        """One over the largest wealth against H0: gain <= t so far."""
        return self._p(self.differences, t)

    def p_below(self, t: float) -> float:
        """One over the largest wealth against H0: gain >= t so far."""
        return self._p(-self.differences, -t)

    def _p(self, values: Floats, t: float) -> float:
        if abs(t) > 1:
            return 1.0 if t > 1 else 0.0
        return betting_p_above(values, t, self.weights, self.heaviest)


Evidence = RepeatedGain | BettingGain


def gain_at(differences: Floats, weights: Floats, n: int) -> PairedGain | ClusteredGain:
    """The fixed-size gain over the first n prompts."""
    d, m = differences[:n], weights[:n]
    if (m == 1).all() and np.isin(d, (-1.0, 0.0, 1.0)).all():
        return PairedGain(int((d > 0).sum()), int((d < 0).sum()), n)
    return ClusteredGain(d, m)


def averaged(differences: ArrayLike, weights: ArrayLike | None) -> tuple[Floats, Floats]:
    """Differences (n,) or (n, seeds) as means over seeds, and weights, default 1; both (n,).

    Raises ValueError for shapes that differ, missing values, or weights that are not positive.
    """
    d = np.asarray(differences, dtype=np.float64)
    d, m = checked(d, np.ones(d.shape[:1]) if weights is None else weights)
    return (d.mean(axis=1) if d.ndim == 2 else d), m
