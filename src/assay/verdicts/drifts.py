"""Drift of each adapter and recipe: how far it moved elsewhere than where its label says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from assay import stats
from assay.study import Study
from assay.tasks import Task
from assay.verdicts.claims import Claim, off_target
from assay.verdicts.measure import Measured, Measurements, Unmeasured
from assay.verdicts.result import DriftResult

__all__ = ["drifts"]


def drifts(
    study: Study, tasks: Mapping[str, Task], claims: Sequence[Claim], measured: Measurements
) -> tuple[DriftResult, ...]:
    """Drift from every metric on which an adapter claims a gain, in each variant.

    Left out where no off-target metric was measured: drift speaks of a gain elsewhere, or of nothing.
    """
    return tuple(
        drift
        for claim in claims
        if claim.kind == "gains"
        for drift in _of_claim(claim, off_target(study, tasks, claim.metric), measured, 1 - 2 * study.alpha)
    )


def _of_claim(
    claim: Claim, away: tuple[str, ...], measured: Measurements, level: float
) -> Iterator[DriftResult]:
    target = _estimate(measured.cells[claim.adapter, claim.metric], level)
    others = [_estimate(measured.cells[claim.adapter, metric], level) for metric in away]
    known = [other for other in others if other is not None]
    if target is None or not known or len(known) < len(others):
        return
    for drift in stats.drifts(target, known):
        yield DriftResult(
            adapter=claim.adapter,
            recipe=None,
            base=claim.base,
            variant=drift.variant,
            target=claim.metric,
            off_target=away,
            value=drift.value,
            interval=None if drift.low is None or drift.high is None else (drift.low, drift.high),
            target_gain=drift.target_gain,
            off_target_gain=drift.off_target_gain,
            min_off_target_gain=drift.min_off_target_gain,
        )


def _estimate(cell: Measured | Unmeasured, level: float) -> stats.Estimate | None:
    """A gain with its interval; without one for aggregate scores; None for what was not measured."""
    if isinstance(cell, Measured):
        return stats.Estimate(cell.gain.estimate, *cell.gain.interval(level))
    if cell.score is None or cell.base_score is None:
        return None
    return stats.Estimate(cell.score - cell.base_score)
