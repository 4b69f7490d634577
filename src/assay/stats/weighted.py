"""Gains over weighted prompts, one adapter's or a recipe's over its seeds; both are a `Gain`.

Where few prompts differ a recipe's standard error is absurdly small, and 0 where none does: a Student interval alone
would find "no gain" in five prompts. There it is widened to its hull with Tango's, scaled.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.stats.likelihood import WeightedScores
from assay.stats.pivots import FEW, NOTHING, Hull, Pivot, ScaledTango, TwoQuantiles, widened_error
from assay.stats.quantiles import t_quantile
from assay.stats.ratio import Floats, checked, ratio_standard_error
from assay.stats.seeds import SeedComponents, recipe_pivot, seed_components

__all__ = ["ClusteredGain", "RecipeGain"]

Numbers = NDArray[np.floating[Any]] | NDArray[np.integer[Any]]
"""Whole or not; kept as float64."""


@dataclass(frozen=True, slots=True, eq=False)
class _Weighted:
    """What both share: an estimate with its own error, and tests that need not follow from it."""

    differences: Numbers
    """(n,), or (n, seeds): checks passed by the adapter minus those passed by the base."""
    weights: Numbers
    """(n,) how many checks a prompt has."""

    def __post_init__(self) -> None:
        """Raise ValueError for shapes that differ, missing cells, or differences beyond the weights."""
        d, m = checked(self.differences, self.weights)
        self._check(d)
        excess = np.abs(d.T) > m + NOTHING
        if excess.any():
            raise ValueError(f"prompt {int(np.argwhere(excess.T)[0][0])} differs by more than its weight")
        object.__setattr__(self, "differences", d)
        object.__setattr__(self, "weights", m)

    @staticmethod
    def _check(differences: Floats) -> None:
        raise NotImplementedError

    @property
    def _test(self) -> Pivot:
        raise NotImplementedError

    @property
    def _own_error(self) -> float:
        raise NotImplementedError

    @property
    def estimate(self) -> float:
        """Sum of differences over sum of weights."""
        return float(self._columns.mean(axis=1).sum() / self.weights.sum())

    @property
    def n(self) -> int:
        """Prompts."""
        return len(self.weights)

    @property
    def discordant(self) -> int:
        """Prompts whose difference, averaged over seeds, is not 0."""
        return int((np.abs(self._columns.mean(axis=1)) > NOTHING).sum())

    @property
    def standard_error(self) -> float:
        """Of the estimate; at small counts not below what the interval implies."""
        error = self._own_error
        return widened_error(error if math.isfinite(error) else 0.0, self.discordant, self)

    @property
    def p_two_sided(self) -> float:
        """Twice the smaller one-sided p-value of H0: no difference; at most 1."""
        return min(1.0, 2 * min(self.p_above(0.0), self.p_below(0.0)))

    def interval(self, confidence: float) -> tuple[float, float]:
        """The gains that neither one-sided test rejects."""
        return self._test.interval(confidence)

    def p_above(self, t: float) -> float:
        """One-sided p-value of H0: gain <= t."""
        return self._test.p_above(t)

    def p_below(self, t: float) -> float:
        """One-sided p-value of H0: gain >= t."""
        return self._test.p_below(t)

    def rejects_above(self, t: float, alpha: float) -> bool:
        """Whether {gain <= t} is rejected."""
        return self.p_above(t) <= alpha

    def rejects_below(self, t: float, alpha: float) -> bool:
        """Whether {gain >= t} is rejected."""
        return self.p_below(t) <= alpha

    @property
    def _columns(self) -> Floats:
        d = np.asarray(self.differences, dtype=np.float64)
        return d if d.ndim == 2 else d[:, None]


@dataclass(frozen=True, slots=True, eq=False)
class ClusteredGain(_Weighted):
    """One adapter, several checks a prompt, or clusters of prompts: `weighted_p` and its interval. differences: (n,)."""

    @staticmethod
    def _check(differences: Floats) -> None:
        if differences.ndim > 1:
            raise ValueError(f"need one difference for each prompt; got shape {differences.shape}")

    def seed_share(self, confidence: float) -> float:  # noqa: ARG002
        """0: one adapter."""
        return 0.0

    @property
    def _own_error(self) -> float:
        return ratio_standard_error(self.differences, self.weights)

    @property
    def _test(self) -> WeightedScores:
        return WeightedScores(np.asarray(self.differences), np.asarray(self.weights))


@dataclass(frozen=True, slots=True, eq=False)
class RecipeGain(_Weighted):
    """One recipe over seeds, two at least: other prompts and other seeds count. differences: (n, seeds)."""

    @staticmethod
    def _check(differences: Floats) -> None:
        if differences.ndim != 2 or differences.shape[1] < 2:
            raise ValueError(f"need (prompts, seeds) with two seeds at least; got shape {differences.shape}")

    @property
    def by_seed(self) -> Floats:
        """(seeds,) the gain of each."""
        gains: Floats = self.differences.sum(axis=0) / self.weights.sum()
        return gains

    @property
    def components(self) -> SeedComponents:
        """Variances between prompts, between seeds, and the rest. Raises ValueError for one prompt."""
        return seed_components(self.differences, self.weights)

    def seed_share(self, confidence: float) -> float:
        """(t_{S-1})² var_seed / S over the squared half width."""
        if self.n < 2 or self._own_error == 0:
            return 0.0
        seeds = self.differences.shape[1]
        error = math.sqrt(self.components.var_seed / seeds)
        return min(1.0, (t_quantile(confidence, seeds - 1) * error / self._spread.half(confidence)) ** 2)

    @property
    def _spread(self) -> TwoQuantiles:
        return recipe_pivot(self.differences, self.weights)

    @property
    def _own_error(self) -> float:
        return self._spread.standard_error

    @property
    def _test(self) -> Hull:
        spread = self._spread
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
