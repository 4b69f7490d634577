"""Gains over weighted prompts, one adapter's or a recipe's over its seeds; both are a `Gain`.

Where few prompts differ the estimated standard error is absurdly small, and 0 where none does: a
Student interval alone would find "no gain" in five prompts. There it is widened to its hull with Tango's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.stats.paired import mcnemar_midp, mcnemar_midp_down, mcnemar_midp_up
from assay.stats.pivots import FEW, NOTHING, Hull, ScaledTango, StudentT, widened_error
from assay.stats.ratio import Floats, checked, ratio_pivot
from assay.stats.seeds import SeedComponents, seed_components, seeds_pivot

__all__ = ["ClusteredGain", "RecipeGain"]

Numbers = NDArray[np.floating[Any]] | NDArray[np.integer[Any]]
"""Whole or not; kept as float64."""


@dataclass(frozen=True, slots=True, eq=False)
class _Weighted:
    """What both share: a Student interval, and beside it at small counts scaled Tango intervals."""

    differences: Numbers
    """(n,), or (n, seeds): checks passed by the adapter less those passed by the base."""
    weights: Numbers
    """(n,) how many checks a prompt has."""
    spread: StudentT = field(init=False, repr=False)
    """The estimate with its own standard error and degrees of freedom."""

    def __post_init__(self) -> None:
        """Raise ValueError for shapes that differ, missing cells, or differences beyond the weights."""
        d, m = checked(self.differences, self.weights)
        object.__setattr__(self, "spread", self._spread(d, m))
        excess = np.abs(d.T) > m + NOTHING
        if excess.any():
            raise ValueError(f"prompt {int(np.argwhere(excess.T)[0][0])} differs by more than its weight")
        object.__setattr__(self, "differences", d)
        object.__setattr__(self, "weights", m)

    @staticmethod
    def _spread(differences: Floats, weights: Floats) -> StudentT:
        raise NotImplementedError

    @property
    def estimate(self) -> float:
        """Sum of differences over sum of weights."""
        return self.spread.estimate

    @property
    def n(self) -> int:
        """Prompts."""
        return len(self.weights)

    @property
    def discordant(self) -> int:
        """Prompts whose difference, averaged over seeds, is not 0."""
        better, worse = self._signs
        return better + worse

    @property
    def standard_error(self) -> float:
        """As in `spread`; at small counts not below what the scaled Tango interval implies."""
        error = self.spread.standard_error
        return widened_error(error if math.isfinite(error) else 0.0, self.discordant, Hull(self._score_tests))

    @property
    def p_two_sided(self) -> float:
        """Twice the smaller one-sided p-value; at small counts not below the sign test's."""
        p = 2 * min(self.p_above(0.0), self.p_below(0.0))
        if self.discordant < FEW:
            p = max(p, mcnemar_midp(*self._signs))
        return min(1.0, p)

    def interval(self, confidence: float) -> tuple[float, float]:
        """Student's interval; at small counts its hull with scaled Tango."""
        return self._test.interval(confidence)

    def p_above(self, t: float) -> float:
        """One-sided p-value of H0: gain <= t; at small counts the largest of the tests'."""
        return self._test.p_above(t)

    def p_below(self, t: float) -> float:
        """One-sided p-value of H0: gain >= t; at small counts the largest of the tests'."""
        return self._test.p_below(t)

    def sign_p_up(self) -> float:
        """One-sided mid-p-value of H0: no more prompts rise than fall."""
        return mcnemar_midp_up(*self._signs)

    def sign_p_down(self) -> float:
        """One-sided mid-p-value of H0: no more prompts fall than rise."""
        return mcnemar_midp_down(*self._signs)

    @property
    def _columns(self) -> Floats:
        d = np.asarray(self.differences, dtype=np.float64)
        return d if d.ndim == 2 else d[:, None]

    @property
    def _signs(self) -> tuple[int, int]:
        means = self._columns.mean(axis=1)
        return int((means > NOTHING).sum()), int((means < -NOTHING).sum())

    @property
    def _test(self) -> Hull:
        spread = self.spread
        if self.discordant >= FEW and spread.standard_error > NOTHING:
            return Hull((spread,))
        return Hull((spread, *self._score_tests))

    @property
    def _score_tests(self) -> tuple[ScaledTango, ...]:
        """Tango on the prompts that rise and fall, mean over seeds, in units of the gain.

        One such prompt moves the gain by (its |d|)/(mean weight)/n. Two scales: the mean of that over
        the differing prompts, and the same with one more prompt that moves all the way, as the next
        prompt to differ might. The first keeps gains from being overstated; the second keeps "no gain"
        from being read out of a few prompts that happened to move little, or out of none.
        """
        d, seeds = self._columns, self._columns.shape[1]
        size = float(np.abs(d).sum()) / seeds / float(self.weights.mean())
        better, worse = float((d > NOTHING).sum()) / seeds, float((d < -NOTHING).sum()) / seeds
        cautious = ScaledTango(better, worse, self.n, (size + 1) / (better + worse + 1))
        if better + worse == 0:
            return (cautious,)
        return ScaledTango(better, worse, self.n, size / (better + worse)), cautious


@dataclass(frozen=True, slots=True, eq=False)
class ClusteredGain(_Weighted):
    """One adapter, several checks a prompt: the ratio estimator clustered by prompt. differences: (n,)."""

    @staticmethod
    def _spread(differences: Floats, weights: Floats) -> StudentT:
        return ratio_pivot(differences, weights)

    @property
    def seed_share(self) -> float:
        """0: one adapter."""
        return 0.0


@dataclass(frozen=True, slots=True, eq=False)
class RecipeGain(_Weighted):
    """One recipe over seeds, two at least: other prompts and other seeds count. differences: (n, seeds)."""

    @staticmethod
    def _spread(differences: Floats, weights: Floats) -> StudentT:
        return seeds_pivot(differences, weights)

    @property
    def by_seed(self) -> Floats:
        """(seeds,) the gain of each."""
        gains: Floats = self.differences.sum(axis=0) / self.weights.sum()
        return gains

    @property
    def components(self) -> SeedComponents:
        """Variances between prompts, between seeds, and the rest. Raises ValueError for one prompt."""
        return seed_components(self.differences, self.weights)

    @property
    def seed_share(self) -> float:
        """var_seed / S over the squared standard error."""
        total = self.spread.standard_error**2
        if self.n < 2 or total == 0:
            return 0.0
        return float(self.components.var_seed / self.differences.shape[1] / total)
