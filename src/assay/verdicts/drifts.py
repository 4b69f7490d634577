"""Drift of each adapter and recipe: how far it moved elsewhere than where its label says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from assay import stats
from assay.study import Study
from assay.tasks import Task
from assay.verdicts.claims import Claim, off_target
from assay.verdicts.measure import Measured, Measurements, Unmeasured
from assay.verdicts.recipes import Configuration, over_seeds
from assay.verdicts.result import DriftResult

__all__ = ["drifts"]


def drifts(
    study: Study,
    tasks: Mapping[str, Task],
    claims: Sequence[Claim],
    groups: Sequence[Configuration],
    measured: Measurements,
) -> tuple[DriftResult, ...]:
    """Drift from every metric on which a gain is claimed: of each adapter in each variant, then of recipes.

    Left out where an off-target metric was not measured: drift speaks of a gain elsewhere, or of nothing.
    """
    level = 1 - 2 * study.alpha
    of_adapters = [
        drift
        for claim in claims
        if claim.kind == "gains"
        for drift in _of_claim(claim, off_target(study, tasks, claim.metric), measured, level)
    ]
    of_recipes = [
        drift
        for group in groups
        if group.claim.kind == "gains" and group.is_judged
        for drift in _of_recipe(group, off_target(study, tasks, group.claim.metric), measured, level)
    ]
    return (*of_adapters, *of_recipes)


def _of_claim(
    claim: Claim, away: tuple[str, ...], measured: Measurements, level: float
) -> Iterator[DriftResult]:
    target = _estimate(measured.cells[claim.adapter, claim.metric], level)
    others = [_estimate(measured.cells[claim.adapter, metric], level) for metric in away]
    known = [other for other in others if other is not None]
    if target is None or not known or len(known) < len(others):
        return
    for drift in stats.drifts(target, known):
        yield _result(drift, claim, away, level, adapter=claim.adapter, recipe=None)


def _of_recipe(
    group: Configuration, away: tuple[str, ...], measured: Measurements, level: float
) -> Iterator[DriftResult]:
    elsewhere = [[measured.cells[adapter.name, metric] for adapter in group.adapters] for metric in away]
    known = [
        cells
        for cells in elsewhere
        if all(isinstance(cell, Measured) and not cell.cut_short for cell in cells)
    ]
    if not known or len(known) < len(elsewhere):
        return
    if any(len({cell.gain.n for cell in cells if isinstance(cell, Measured)}) > 1 for cells in known):
        return  # asked as far as different budgets said
    if any(isinstance(cells[0], Measured) and cells[0].gain.n < 2 for cells in known):
        return  # nothing is known of the variance between prompts
    gains = [over_seeds([cell for cell in cells if isinstance(cell, Measured)]) for cells in known]
    drift = stats.gap_over_seeds(group.over_seeds, gains, level)
    yield _result(drift, group.claim, away, level, adapter=None, recipe=group.recipe)


def _result(
    drift: stats.Drift,
    claim: Claim,
    away: tuple[str, ...],
    level: float,
    *,
    adapter: str | None,
    recipe: str | None,
) -> DriftResult:
    return DriftResult(
        adapter=adapter,
        recipe=recipe,
        base=claim.base,
        variant=drift.variant,
        target=claim.metric,
        off_target=away,
        value=drift.value,
        interval=None if drift.low is None or drift.high is None else (drift.low, drift.high),
        level=level,
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
