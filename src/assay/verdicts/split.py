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
    groups = np.arange(len(changed)) if clusters is None else clusters[base.positions]
    return Split(*(_part(np.where(where, differences, 0), groups, alpha) for where in (changed, ~changed)))


def _part(differences: NDArray[np.int64], groups: NDArray[np.int64], alpha: float) -> Part:
    _, own = np.unique(groups, return_inverse=True)
    moved, sizes = np.bincount(own, weights=differences), np.bincount(own)
    gain: Gain = ClusteredGain(moved, sizes)
    if (sizes == 1).all():
        gain = PairedGain(int((moved > 0).sum()), int((moved < 0).sum()), len(moved))
    return Part(gain.estimate, gain.interval(1 - 2 * alpha))
