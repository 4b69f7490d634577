"""A gain by cause: what comes from answers that became extractable, and what from other answers. It decides nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from assay.plan import Metric
from assay.records import Scores
from assay.stats import ClusteredGain, Gain, PairedGain
from assay.verdicts.result import Part, Split

__all__ = ["split_of"]


def split_of(
    sides: tuple[Scores, Scores],
    index: int,
    metrics: Sequence[Metric],
    clusters: NDArray[np.int64] | None,
    alpha: float,
) -> Split | None:
    """The gain on a metric by cause, prompt by prompt; None where no answer is extracted, or prompts have several samples.

    sides: base and adapter, on the same prompts. clusters: (all examples of the task,), None where each is evidence.
    """
    base, adapter = sides
    by = metrics[index].extracted_by
    if by is None or not base.passed.shape[1] == adapter.passed.shape[1] == 1:
        return None
    before, after = base.passed[:, 0], adapter.passed[:, 0]
    extracted = [other.name for other in metrics].index(by)
    differences, changed = after[:, index] - before[:, index], before[:, extracted] != after[:, extracted]
    weights = base.out_of[:, 0, index]
    unit = np.gcd.reduce([*weights, *differences]) if metrics[index].kind == "mean" else 1
    groups = np.arange(len(changed)) if clusters is None else clusters[base.positions]
    _, own = np.unique(groups, return_inverse=True)
    moved = (np.where(part, differences // unit, 0) for part in (changed, ~changed))
    sums, *parts = (np.bincount(own, values).astype(np.float64) for values in (weights // unit, *moved))
    return Split(*(_part(part, sums, alpha) for part in parts))


def _part(differences: NDArray[np.float64], weights: NDArray[np.float64], alpha: float) -> Part:
    """differences, weights: (n,), of each independent piece of evidence, in checks."""
    gain: Gain = ClusteredGain(differences, weights)
    if (weights == 1).all():
        gain = PairedGain(int((differences > 0).sum()), int((differences < 0).sum()), len(differences))
    return Part(gain.estimate, gain.interval(1 - 2 * alpha))
