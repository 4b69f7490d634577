"""One recipe trained with several seeds: prompts and seeds both vary, and their variances are separated.

differences: (prompts, seeds), balanced; weights: (prompts,), checks a prompt has, default 1.
Source for the sum of both: two-way cluster-robust variance without its negative term (Cameron, Gelbach and
Miller 2011), each part with a quantile of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike

from assay.stats.pivots import StudentT, TwoQuantiles
from assay.stats.ratio import Floats, checked, linearised

__all__ = [
    "SeedComponents",
    "next_seed_interval",
    "recipe_interval",
    "recipe_pivot",
    "seed_components",
]


@dataclass(frozen=True, slots=True)
class SeedComponents:
    """Where the variation of a recipe's gain comes from."""

    var_prompt: float
    """Of a prompt's difference, between prompts; 0 where the estimate is negative."""
    var_seed: float
    """Between seeds; 0 where the estimate is negative."""
    var_resid: float
    """What neither prompt nor seed explains."""
    se_prompt: float
    """Of the mean gain: these seeds, other prompts."""
    se_seed: float
    """Of the mean gain: these prompts, other seeds."""
    se_both: float
    """Of the mean gain, other prompts and other seeds: the balanced ANOVA's; 0 where it is negative."""
    flip_rate: float
    """Share of prompts on which two of the seeds disagree, averaged over pairs of seeds."""


def seed_components(differences: ArrayLike, weights: ArrayLike | None = None) -> SeedComponents:
    """Balanced ANOVA of prompts x seeds, in units of the gain.

    Y = the linearised differences (`ratio.linearised`; centred differences where every weight is 1).
    var_prompt = (MS_p - MS_e)/S, var_seed = (MS_s - MS_e)/n, var_resid = MS_e,
    se_both² = (MS_p + MS_s - MS_e)/(nS). Raises ValueError for missing cells, fewer than two seeds or
    fewer than two prompts.
    """
    d, m = _crossed(differences, weights)
    n, seeds = d.shape
    if n < 2:
        raise ValueError("variance components need two prompts at least")
    y = linearised(d, m)
    rows, columns = y.mean(axis=1), y.mean(axis=0)
    residuals = y - rows[:, None] - columns + y.mean()
    ms_prompt, ms_seed = seeds * float(rows.var(ddof=1)), n * float(columns.var(ddof=1))
    ms_error = float((residuals**2).sum()) / ((n - 1) * (seeds - 1))
    return SeedComponents(
        var_prompt=max(ms_prompt - ms_error, 0.0) / seeds,
        var_seed=max(ms_seed - ms_error, 0.0) / n,
        var_resid=ms_error,
        se_prompt=math.sqrt(ms_prompt / (n * seeds)),
        se_seed=math.sqrt(ms_seed / (n * seeds)),
        se_both=math.sqrt(max(ms_prompt + ms_seed - ms_error, 0.0) / (n * seeds)),
        flip_rate=float(np.mean([(d[:, i] != d[:, j]).mean() for i, j in combinations(range(seeds), 2)])),
    )


def recipe_interval(
    differences: ArrayLike, weights: ArrayLike | None, confidence: float
) -> tuple[float, float]:
    """Interval (low, high) for the recipe's gain over other prompts and other seeds, two quantiles in it.

    mean -+ hypot(t_{n-1} se_prompt, t_{S-1} se_seed). differences: (n, S); weights: (n,), default 1. Covers .956 to
    .994 for .95 at any number of seeds. Raises ValueError for missing cells or fewer than two seeds.
    """
    return recipe_pivot(differences, weights).interval(confidence)


def recipe_pivot(differences: ArrayLike, weights: ArrayLike | None = None) -> TwoQuantiles:
    """The recipe's gain with the errors that prompts and seeds bring. Raises as `recipe_interval`."""
    d, m = _crossed(differences, weights)
    n, seeds = d.shape
    estimate = float(d.sum() / (seeds * m.sum()))
    if n == 1:
        return TwoQuantiles(estimate, ((math.inf, 1),))
    y = linearised(d, m)
    of_prompt = float(y.mean(axis=1).std(ddof=1)) / math.sqrt(n)
    of_seed = float(y.mean(axis=0).std(ddof=1)) / math.sqrt(seeds)
    return TwoQuantiles(estimate, ((of_prompt, n - 1), (of_seed, seeds - 1)))


def next_seed_interval(
    differences: ArrayLike, weights: ArrayLike | None, confidence: float
) -> tuple[float, float]:
    """Where the gain of one more adapter of the recipe lies, (low, high): prediction, not estimation.

    mean -+ t_{S-1} sqrt(se_prompt² + (S + 1) se_seed²): the seeds' mean varies by se_seed² = s²/S, and one
    more seed by s² about it. s² holds the residual's share, and the degrees of freedom are the seeds', both
    of which err on the wide side. Raises ValueError as `recipe_interval`. Source: the prediction of one more
    normal value, with the prompts' variance added.
    """
    d, m = _crossed(differences, weights)
    n, seeds = d.shape
    estimate = float(d.sum() / (seeds * m.sum()))
    if n == 1:
        return StudentT(estimate, math.inf, 1).interval(confidence)
    parts = seed_components(d, m)
    spread = math.hypot(parts.se_prompt, math.sqrt(seeds + 1) * parts.se_seed)
    return StudentT(estimate, spread, seeds - 1).interval(confidence)


def _crossed(differences: ArrayLike, weights: ArrayLike | None) -> tuple[Floats, Floats]:
    d = np.asarray(differences, dtype=np.float64)
    if d.ndim != 2 or d.shape[1] < 2:
        raise ValueError(f"need (prompts, seeds) with two seeds at least; got shape {d.shape}")
    return checked(d, np.ones(len(d)) if weights is None else weights)
