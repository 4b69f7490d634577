"""Drift of each adapter and recipe: its mean gain on other capabilities minus its gain on the target.

It decides no verdict.

Metrics of one task, and of tasks that ask the same prompts, are no independent evidence: off target they are averaged
prompt by prompt first, and count as one; where the target asks them too, its gain and theirs may vary against each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from assay import stats
from assay.plan import Claim, MetricName, Plan
from assay.stats.ratio import linearised
from assay.verdicts.evidence import Evidence
from assay.verdicts.pair import PairedScores, Pairs, Unmeasured
from assay.verdicts.recipes import Configuration, over_seeds
from assay.verdicts.result import DriftResult

__all__ = ["Prompts", "drifts", "drifts_of", "prompts_by_task"]


class _Asked(NamedTuple):
    """What a task asks, in file order."""

    prompts: tuple[str, ...]
    clusters: tuple[int, ...] | None
    """Of each prompt; None where each is independent evidence."""
    distinct: frozenset[str]
    """The prompts."""


Prompts = Mapping[str, _Asked]
"""By task; empty where only aggregate scores are known."""


def drifts(
    plan: Plan, groups: Sequence[Configuration], pairs: Pairs, prompts_of: Prompts
) -> tuple[DriftResult, ...]:
    """Drift from every metric on which a gain is claimed: of each adapter in each variant, then of recipes.

    Left out where an off-target metric was not measured.
    """
    level = 1 - 2 * plan.alpha
    of_adapters = [
        drift
        for claim in plan.claims
        if claim.kind == "gains"
        for drift in drifts_of(claim, pairs, prompts_of, level)
    ]
    of_recipes = [
        drift
        for group in groups
        if group.claim.kind == "gains" and group.is_judged
        for drift in _of_recipe(group, pairs, prompts_of, level)
    ]
    return (*of_adapters, *of_recipes)


def prompts_by_task(plan: Plan, evidence: Evidence) -> Prompts:
    """What each task asks."""
    return {task: _asked(task, evidence) for task in ({} if plan.summary else plan.tasks)}


def _asked(task: str, evidence: Evidence) -> _Asked:
    clusters = evidence.clusters(task)
    prompts = tuple(example.prompt or f"{task}/{example.key}" for example in evidence.examples(task))
    return _Asked(prompts, None if clusters is None else tuple(clusters.tolist()), frozenset(prompts))


def drifts_of(claim: Claim, pairs: Pairs, prompts_of: Prompts, level: float) -> Iterator[DriftResult]:
    """Drift of a claim's subject from its metric, in each variant; none where a metric was not measured."""
    name = claim.subject.name
    target = _estimate(pairs.of(claim), level)
    cells = {metric: pairs.cell(name, claim.against, metric) for metric in claim.off_target}
    single = [_estimate(cell, level) for cell in cells.values()]
    known = [other for other in single if other is not None]
    if target is None or not known or len(known) < len(single):
        return
    together = [
        _together({metric: cells[metric] for metric in metrics}, prompts_of, level)
        for metrics in _sharing(claim.off_target, prompts_of)
    ]
    dependent = _asked_elsewhere(claim, prompts_of)
    for drift in (
        stats.gap(target, together, dependent),
        stats.gap_max(target, known, dependent),
        stats.excess(target, together, dependent),
    ):
        yield _result(drift, claim, level, adapter=name, recipe=None, gains=[gain.value for gain in known])


def _prompts(metric: MetricName, prompts_of: Prompts) -> frozenset[str]:
    known = prompts_of.get(metric.task)
    return frozenset((metric.task,)) if known is None else known.distinct


def _asked_elsewhere(claim: Claim, prompts_of: Prompts) -> bool:
    """Whether a task off the target asks some of the target's prompts."""
    own = _prompts(claim.metric, prompts_of)
    return not all(own.isdisjoint(_prompts(metric, prompts_of)) for metric in claim.off_target)


def _sharing(metrics: Sequence[MetricName], prompts_of: Prompts) -> list[list[MetricName]]:
    """Metrics whose tasks have prompts in common."""
    groups: list[tuple[list[MetricName], frozenset[str]]] = []
    for metric in metrics:
        prompts = _prompts(metric, prompts_of)
        sharing = [group for group in groups if group[1] & prompts]
        groups = [group for group in groups if group not in sharing]
        members = [member for group in sharing for member in group[0]]
        groups.append(([*members, metric], prompts.union(*(group[1] for group in sharing))))
    return [members for members, _ in groups]


def _alike(cells: Mapping[MetricName, PairedScores], prompts_of: Prompts) -> bool:
    """Whether a row is the same prompt, or cluster of prompts, on each of these metrics.

    A run that may stop early takes the prompts of each task in an order of its own.
    """
    (first, cell), *others = cells.items()
    return all(
        prompts_of[metric.task] == prompts_of[first.task] and np.array_equal(other.positions, cell.positions)
        for metric, other in others
    )


def _together(
    cells: Mapping[MetricName, PairedScores | Unmeasured], prompts_of: Prompts, level: float
) -> stats.Estimate:
    """Mean of gains on the same prompts.

    Prompt by prompt where every prompt is there on each; else as if they varied as one, which is never too narrow.
    """
    known = {metric: cell for metric, cell in cells.items() if isinstance(cell, PairedScores)}
    whole = len(known) == len(cells) > 1 and all(cell.stop is None for cell in known.values())
    if whole and _alike(known, prompts_of):
        return _paired(np.mean([_in_gains(cell) for cell in known.values()], axis=0), level)
    estimates = [found for cell in cells.values() if (found := _estimate(cell, level)) is not None]
    ends = [[one[place] for one in estimates] for place in range(3)]
    value, low, high = (
        None if None in end else float(np.mean(np.array(end, dtype=np.float64))) for end in ends
    )
    return stats.Estimate(value or 0.0, low, high)


def _in_gains(cell: PairedScores) -> NDArray[np.float64]:
    """(prompts,) differences whose mean is the gain, and whose variance is the gain's."""
    weights = cell.weights.astype(np.float64)
    if (weights == 1).all():
        return cell.differences
    return np.asarray(linearised(cell.differences, weights) + cell.differences.mean() / weights.mean())


def _paired(differences: NDArray[np.float64], level: float) -> stats.Estimate:
    if np.isin(differences, (-1.0, 0.0, 1.0)).all():
        up, down = (int((differences == side).sum()) for side in (1, -1))
        paired = stats.PairedGain(up, down, len(differences))
        return stats.Estimate(paired.estimate, *paired.interval(level))
    unit = max(1.0, float(np.abs(differences).max()))
    gain = stats.ClusteredGain(differences / unit, np.ones(len(differences)))
    low, high = gain.interval(level)
    return stats.Estimate(gain.estimate * unit, low * unit, high * unit)


def _of_recipe(
    group: Configuration, pairs: Pairs, prompts_of: Prompts, level: float
) -> Iterator[DriftResult]:
    of_metric = {
        metric: [pairs.cell(adapter.name, group.claim.against, metric) for adapter in group.adapters]
        for metric in group.claim.off_target
    }
    known = {
        metric: [cell for cell in cells if isinstance(cell, PairedScores) and not cell.cut_short]
        for metric, cells in of_metric.items()
    }
    if not known or any(len(known[metric]) < len(cells) for metric, cells in of_metric.items()):
        return
    if any(len({cell.gain.n for cell in cells}) > 1 for cells in known.values()):
        return  # prompts as far as different budgets said
    if any(cells[0].gain.n < 2 for cells in known.values()):
        return  # the variance between prompts is not known
    together = []
    for metrics in _sharing(tuple(known), prompts_of):
        if not _alike({metric: known[metric][0] for metric in metrics}, prompts_of):
            return  # some prompts are shared, and not all: their variances neither add nor are one
        together.append(_of_seeds([known[metric] for metric in metrics]))
    dependent = _asked_elsewhere(group.claim, prompts_of)
    drift = stats.gap_over_seeds(group.over_seeds, together, level, dependent)
    gains = [over_seeds(cells).estimate for cells in known.values()]
    yield _result(drift, group.claim, level, adapter=None, recipe=group.recipe, gains=gains, step=group.step)


def _of_seeds(metrics: Sequence[Sequence[PairedScores]]) -> stats.RecipeGain:
    """A recipe's adapters, a column a seed, on the mean of several metrics; each prompt counts once there."""
    if len(metrics) == 1:
        return over_seeds(metrics[0])
    checks = [cells[0].weights.mean() for cells in metrics]
    columns = [
        np.column_stack([cell.differences for cell in cells]) / mean
        for cells, mean in zip(metrics, checks, strict=True)
    ]
    weights = [cells[0].weights / mean for cells, mean in zip(metrics, checks, strict=True)]
    return stats.RecipeGain(np.mean(columns, axis=0), np.mean(weights, axis=0))


def _result(
    drift: stats.Drift,
    claim: Claim,
    level: float,
    *,
    adapter: str | None,
    recipe: str | None,
    gains: Sequence[float],
    step: int | None = None,
) -> DriftResult:
    """gains: of each off-target metric."""
    return DriftResult(
        adapter=adapter,
        recipe=recipe,
        base=claim.subject.base,
        against=claim.against,
        variant=drift.variant,
        target=str(claim.metric),
        off_target=tuple(map(str, claim.off_target)),
        value=drift.value,
        interval=None if drift.low is None or drift.high is None else (drift.low, drift.high),
        level=level,
        target_gain=drift.target_gain,
        off_target_gain=drift.off_target_gain,
        min_off_target_gain=min(gains),
        step=step,
    )


def _estimate(cell: PairedScores | Unmeasured, level: float) -> stats.Estimate | None:
    """A gain with its interval; without one for aggregate scores; None for what was not measured."""
    if isinstance(cell, PairedScores):
        return stats.Estimate(cell.gain.estimate, *cell.gain.interval(level))
    if cell.score is None or cell.base_score is None:
        return None
    return stats.Estimate(cell.score - cell.base_score)
