"""Drift of each adapter and recipe: how far it moved elsewhere than where its label says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assay import stats
from assay.plan import Claim, Plan
from assay.verdicts.pair import PairedScores, Pairs, Unmeasured
from assay.verdicts.recipes import Configuration, over_seeds
from assay.verdicts.result import DriftResult

__all__ = ["drifts"]


def drifts(plan: Plan, groups: Sequence[Configuration], pairs: Pairs) -> tuple[DriftResult, ...]:
    """Drift from every metric on which a gain is claimed: of each adapter in each variant, then of recipes.

    Left out where an off-target metric was not measured: drift speaks of a gain elsewhere, or of nothing.
    """
    level = 1 - 2 * plan.alpha
    of_adapters = [
        drift for claim in plan.claims if claim.kind == "gains" for drift in _of_claim(claim, pairs, level)
    ]
    of_recipes = [
        drift
        for group in groups
        if group.claim.kind == "gains" and group.is_judged
        for drift in _of_recipe(group, pairs, level)
    ]
    return (*of_adapters, *of_recipes)


def _of_claim(claim: Claim, pairs: Pairs, level: float) -> Iterator[DriftResult]:
    name = claim.subject.name
    target = _estimate(pairs.of(claim), level)
    others = [_estimate(pairs.cells[name, metric], level) for metric in claim.off_target]
    known = [other for other in others if other is not None]
    if target is None or not known or len(known) < len(others):
        return
    for drift in stats.drifts(target, known):
        yield _result(drift, claim, level, adapter=name, recipe=None)


def _of_recipe(group: Configuration, pairs: Pairs, level: float) -> Iterator[DriftResult]:
    elsewhere = [
        [pairs.cells[adapter.name, metric] for adapter in group.adapters] for metric in group.claim.off_target
    ]
    known = [
        cells
        for cells in elsewhere
        if all(isinstance(cell, PairedScores) and not cell.cut_short for cell in cells)
    ]
    if not known or len(known) < len(elsewhere):
        return
    if any(len({cell.gain.n for cell in cells if isinstance(cell, PairedScores)}) > 1 for cells in known):
        return  # asked as far as different budgets said
    if any(isinstance(cells[0], PairedScores) and cells[0].gain.n < 2 for cells in known):
        return  # nothing is known of the variance between prompts
    gains = [over_seeds([cell for cell in cells if isinstance(cell, PairedScores)]) for cells in known]
    drift = stats.gap_over_seeds(group.over_seeds, gains, level)
    yield _result(drift, group.claim, level, adapter=None, recipe=group.recipe)


def _result(
    drift: stats.Drift,
    claim: Claim,
    level: float,
    *,
    adapter: str | None,
    recipe: str | None,
) -> DriftResult:
    return DriftResult(
        adapter=adapter,
        recipe=recipe,
        base=claim.reference.name,
        variant=drift.variant,
        target=str(claim.metric),
        off_target=tuple(map(str, claim.off_target)),
        value=drift.value,
        interval=None if drift.low is None or drift.high is None else (drift.low, drift.high),
        level=level,
        target_gain=drift.target_gain,
        off_target_gain=drift.off_target_gain,
        min_off_target_gain=drift.min_off_target_gain,
    )


def _estimate(cell: PairedScores | Unmeasured, level: float) -> stats.Estimate | None:
    """A gain with its interval; without one for aggregate scores; None for what was not measured."""
    if isinstance(cell, PairedScores):
        return stats.Estimate(cell.gain.estimate, *cell.gain.interval(level))
    if cell.score is None or cell.base_score is None:
        return None
    return stats.Estimate(cell.score - cell.base_score)
