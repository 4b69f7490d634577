"""Checks nested in prompts (ILA: instructions): the gain is a ratio of sums, and the prompt is the unit.

d_i = checks passed by the adapter minus those passed by the base on prompt i, m_i = how many checks it has;
the gain is sum d_i / sum m_i. With one check a prompt this is the paired difference.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.stats.pivots import StudentT

__all__ = ["checked", "linearised", "ratio_interval", "ratio_pivot", "ratio_standard_error"]

Floats = NDArray[np.float64]


def ratio_interval(differences: ArrayLike, weights: ArrayLike, confidence: float) -> tuple[float, float]:
    """Interval (low, high) for sum d / sum m, clustered by prompt: CR1 standard error, t with n - 1 df.

    differences, weights: (n,). One prompt gives the whole line. Of zero width where no prompt differs:
    for so few, use `ClusteredGain`. Raises ValueError for shapes that differ, values that are not
    finite, or weights that are not positive. Source: the ratio estimator; CR1 as in statsmodels' OLS.
    """
    return ratio_pivot(differences, weights).interval(confidence)


def ratio_standard_error(differences: ArrayLike, weights: ArrayLike) -> float:
    """sqrt(n/(n-1) * sum e_i²) / sum m, e_i = d_i - gain * m_i; infinite for one prompt.

    differences, weights: (n,). Raises ValueError as `ratio_interval`.
    """
    return ratio_pivot(differences, weights).standard_error


def ratio_pivot(differences: ArrayLike, weights: ArrayLike) -> StudentT:
    """The gain with its CR1 standard error and n - 1 degrees of freedom. Raises as `ratio_interval`."""
    d, m = checked(differences, weights)
    if d.ndim > 1:
        raise ValueError(f"need one difference for each prompt; got shape {d.shape}")
    n = len(m)
    if n == 1:
        return StudentT(float(d[0] / m[0]), math.inf, 1)
    error = float(np.std(linearised(d, m), ddof=1)) / math.sqrt(n)
    return StudentT(float(d.sum() / m.sum()), error, n - 1)


def linearised(differences: Floats, weights: Floats) -> Floats:
    """Each prompt's own share in the error of the gain: n (d_i - gain * m_i) / sum m; they sum to 0.

    differences: (n,) or (n, seeds); weights: (n,). Same shape as differences. The gain varies as the
    mean of these does, so plain variances of them serve weighted and unweighted metrics alike.
    """
    m = weights if differences.ndim == 1 else weights[:, None]
    gain = differences.mean(axis=None) / weights.mean()
    return np.asarray((differences - gain * m) / weights.mean())


def checked(differences: ArrayLike, weights: ArrayLike) -> tuple[Floats, Floats]:
    """Both as arrays of floats, (n,) or (n, seeds) and (n,). Raises ValueError for what cannot be used."""
    d, m = np.asarray(differences, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    if d.ndim not in (1, 2) or m.shape != d.shape[:1] or d.size == 0:
        raise ValueError(
            "need one prompt at least and one weight for each; "
            f"got differences of shape {d.shape} and weights of shape {m.shape}"
        )
    if not (np.isfinite(m).all() and (m > 0).all()):
        raise ValueError("every weight must be a finite number above 0: how many checks the prompt has")
    if not np.isfinite(d).all():
        row = int(np.argwhere(~np.isfinite(d))[0][0])
        raise ValueError(
            f"prompt {row} lacks a difference; nothing is imputed: keep only prompts that every side answered"
        )
    return d, m
