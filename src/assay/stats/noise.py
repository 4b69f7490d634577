"""Noise of the engine: the effect on a verdict of answers that change between two equal passes.

Noise that is equal on both sides is in the counts already, and widens nothing. Where an adapter's path is noisier than
the base's, its errors push the gain one way; the difference of both shares of changed scores bounds that push. A
path that errs in the same way each time changes nothing between passes, and cannot be seen here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from assay.stats.exact import paired_interval
from assay.stats.gains import Gain
from assay.stats.ratio import Floats
from assay.stats.verdict import Verdict
from assay.stats.weighted import ClusteredGain

__all__ = ["FEWEST_REPEATED", "clustering_p", "noise_limit", "survives_noise"]

FEWEST_REPEATED = 150
"""Prompts asked twice, below which noise is not measured."""


def noise_limit(
    base: ArrayLike, adapter: ArrayLike, weights: ArrayLike | None = None, confidence: float = 0.95
) -> float | None:
    """D, the upper limit of |f_A - f_B|: how far unequal noise may push a gain. None below 150 prompts.

    base, adapter: (n,) by how much the score of each prompt changed between two passes, 0 or more and at most its
    weight; the same prompts on both sides. weights: (n,) checks of each, default 1. Where no pass differs in a
    token the caller knows that D is 0, and need not ask. Raises ValueError for shapes that differ or changes
    below 0.
    """
    of_base, of_adapter = (np.abs(np.asarray(values, dtype=np.float64)) for values in (base, adapter))
    m = np.ones(of_base.shape) if weights is None else np.asarray(weights, dtype=np.float64)
    if not (of_base.shape == of_adapter.shape == m.shape and m.ndim == 1):
        raise ValueError(
            "the same prompts are asked twice on both sides; "
            f"got shapes {of_base.shape}, {of_adapter.shape} and {m.shape}"
        )
    if len(m) < FEWEST_REPEATED:
        return None
    low, high = _interval(of_adapter - of_base, m, 2 * confidence - 1)
    return max(high, -low)


def _interval(d: Floats, m: Floats, confidence: float) -> tuple[float, float]:
    if (m == 1).all() and np.isin(d, (-1.0, 0.0, 1.0)).all():
        return paired_interval(int((d > 0).sum()), int((d < 0).sum()), len(m), confidence)
    return ClusteredGain(d, m).interval(confidence)


def survives_noise(gain: Gain, verdict: Verdict, margin: float, alpha: float, limit: float) -> bool:
    """Whether the word holds though the gain be pushed by as much as `limit`, towards what the word says.

    Moves each null that the word rejects by the limit: a rise needs {gain <= limit} rejected, `confirmed`
    {gain <= margin + limit}, `no gain` {gain >= margin - limit}, and so on. Words that reject nothing survive.
    """
    above = {
        Verdict.CONFIRMED: margin + limit,
        Verdict.GAIN: limit,
        Verdict.TRIVIAL: limit,
        Verdict.KEPT: limit - margin,
    }
    below = {Verdict.HARMED: -limit, Verdict.NO_GAIN: margin - limit, Verdict.TRIVIAL: margin - limit}
    if verdict in above and gain.p_above(above[verdict]) > alpha:
        return False
    return verdict not in below or gain.p_below(below[verdict]) <= alpha


def clustering_p(
    differences: ArrayLike, batches: ArrayLike, generator: np.random.Generator, draws: int = 2000
) -> float:
    """p-value of H0: changes between two passes fall on batches by chance; small where whole batches went wrong.

    differences: (n,) second score minus first; batches: (n,) label of the batch or of the stretch of time. Compares
    sum over batches of (net change)² with that of permuted labels. Raises ValueError for shapes that differ.
    """
    d, labels = np.asarray(differences, dtype=np.float64), np.asarray(batches)
    if d.ndim != 1 or d.shape != labels.shape or not len(d):
        raise ValueError(f"need one batch for each difference; got shapes {d.shape} and {labels.shape}")
    of = np.unique(labels, return_inverse=True)[1]

    def spread(values: Floats) -> float:
        return float((np.bincount(of, weights=values) ** 2).sum())

    observed = spread(d) - 1e-9
    reached = sum(spread(generator.permutation(d)) >= observed for _ in range(draws))
    return (1 + reached) / (1 + draws)
