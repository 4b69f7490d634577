"""Several configurations (base x LoRA setting): the least number with an effect, and how the effect varies.

Configurations share prompts and bases, so nothing here supposes their p-values independent.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.stats.multiplicity import holm
from assay.stats.quantiles import t_quantile

__all__ = ["RandomEffects", "holm_count", "next_interval", "partial_conjunction", "random_effects"]

_HALVINGS = 200


def partial_conjunction(p: ArrayLike) -> NDArray[np.float64]:
    """p-values of "fewer than u of the K effects are real", u = 1 ... K: (K - u + 1) p_(u), made monotone.

    p: (K,), in any order and under any dependence; the result rises. They are Holm's adjusted p-values,
    sorted. Raises ValueError for values outside [0, 1]. Source: Benjamini and Heller 2008, Biometrics
    64:1215, Bonferroni form.
    """
    return np.sort(holm(p))


def holm_count(p: ArrayLike, alpha: float) -> int:
    """In how many of K configurations the effect is real, at least, with confidence 1 - alpha.

    Holm's rejections: the largest u whose partial conjunction p-value is at or below alpha.
    Source: Dror et al. 2017, TACL 5:471.
    """
    return int((holm(p) <= alpha).sum())


@dataclass(frozen=True, slots=True)
class RandomEffects:
    """Estimates that vary by more than their own errors."""

    mean: float
    """Of the true effects."""
    standard_error: float
    """Of the mean: Hartung, Knapp, Sidik and Jonkman's."""
    tau2: float
    """Variance of the true effects (Paule and Mandel)."""
    i2: float
    """Share of the observed variation that is not error, from 0 to 1."""
    prediction: tuple[float, float]
    """Where the gain of one more configuration lies: `next_interval`."""


def random_effects(estimates: ArrayLike, variances: ArrayLike, confidence: float = 0.95) -> RandomEffects:
    """Random-effects mean of K estimates with known variances, and where the next effect would lie.

    tau² solves sum w (y - mean)² = K - 1, w = 1/(v + tau²). What the estimates' errors share, as those of
    configurations on the same prompts do, is missing from tau². Raises ValueError for fewer than two estimates,
    shapes that differ, or variances that are not positive. Sources: Paule and Mandel 1982; IntHout et al. 2014, BMC
    Med Res Meth 14:25.
    """
    y, v = np.asarray(estimates, dtype=np.float64), np.asarray(variances, dtype=np.float64)
    if y.ndim != 1 or y.shape != v.shape or len(y) < 2:
        raise ValueError(f"need two estimates at least, each with a variance; got {y.shape} and {v.shape}")
    if not (np.isfinite(y).all() and np.isfinite(v).all() and (v > 0).all()):
        raise ValueError("estimates must be finite, and variances finite and above 0")
    count = len(y)
    tau2 = _paule_mandel(y, v)
    q = _dispersion(y, v, 0.0)
    weights = 1 / (v + tau2)
    mean = float((weights * y).sum() / weights.sum())
    error = math.sqrt(_dispersion(y, v, tau2) / (count - 1) / float(weights.sum()))
    prediction = next_interval(y, np.sqrt(v), confidence)
    return RandomEffects(mean, error, tau2, max(0.0, 1 - (count - 1) / q) if q > 0 else 0.0, prediction)


def next_interval(gains: ArrayLike, errors: ArrayLike, confidence: float) -> tuple[float, float]:
    """Where the gain of one more configuration lies, (low, high): prediction from the spread that was observed.

    mean -+ t_{K-1} sqrt(max(s², mean errors²) (1 + 1/K)), s = the standard deviation of the K gains; the floor is
    for gains that happen to agree. Configurations may share prompts and a base; two say
    little, and the interval shows it. errors: (K,) standard errors.
    Raises ValueError for fewer than two gains, shapes that differ, or values that are not finite or below 0.
    """
    y, error = np.asarray(gains, dtype=np.float64), np.asarray(errors, dtype=np.float64)
    if y.ndim != 1 or y.shape != error.shape or len(y) < 2:
        raise ValueError(
            f"need two gains at least, each with a standard error; got {y.shape} and {error.shape}"
        )
    if not (np.isfinite(y).all() and np.isfinite(error).all() and (error >= 0).all()):
        raise ValueError("gains must be finite, and standard errors finite and 0 or more")
    variance = max(float(y.var(ddof=1)), float((error**2).mean()))
    half = t_quantile(confidence, len(y) - 1) * math.sqrt(variance * (1 + 1 / len(y)))
    return float(y.mean()) - half, float(y.mean()) + half


def _paule_mandel(y: NDArray[np.float64], v: NDArray[np.float64]) -> float:
    """The tau² at which the weighted dispersion is what K - 1 degrees of freedom lead one to expect."""
    expected = len(y) - 1
    if _dispersion(y, v, 0.0) <= expected:
        return 0.0
    # With w <= 1/tau², the dispersion at this upper end is at most the expected one.
    low, high = 0.0, float(((y - y.mean()) ** 2).sum()) / expected
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _dispersion(y, v, middle) > expected:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _dispersion(y: NDArray[np.float64], v: NDArray[np.float64], tau2: float) -> float:
    """sum w (y - mean)², w = 1/(v + tau²)."""
    weights = 1 / (v + tau2)
    mean = (weights * y).sum() / weights.sum()
    return float((weights * (y - mean) ** 2).sum())
