"""Diagnostics from a run's evidence: the noise floor (how far a base differs from itself in another batch), the liveness
of each adapter, and the problems found by preflight. It probes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from assay import stats
from assay.engines.api import AGAIN, named
from assay.plan import Claim, Plan, TaskPlan
from assay.verdicts.evidence import Evidence
from assay.verdicts.pair import PairedScores, Pairs
from assay.verdicts.result import Applied, Cell, ClaimResult, DriftResult, EngineNoise, NoiseFloor

__all__ = [
    "applied",
    "cells_with_noise",
    "drift_with_noise",
    "engine_noise",
    "lost_in_noise",
    "noise_floor",
    "noise_limits",
    "noise_warnings",
    "problems",
    "within_noise",
]

BURSTS = 0.01
"""p-value of changes that come in bursts, below which a warning is given; shared among adapters."""


def noise_floor(plan: Plan, evidence: Evidence) -> tuple[NoiseFloor, ...] | None:
    """One for each base and task that has a second pass; None where responses were not generated here."""
    if evidence.manifest.source != "generated":
        return None
    alpha = plan.alpha / (len(plan.bases) * len(plan.tasks))  # a warning of any of them errs as one does
    floors = (_noise(base.name, task, alpha, evidence) for base in plan.bases for task in plan.tasks.values())
    return tuple(floor for floor in floors if floor is not None)


def _noise(base: str, task: TaskPlan, alpha: float, evidence: Evidence) -> NoiseFloor | None:
    again = named(base, AGAIN)
    second = evidence.scores(again, task.name, whole=False)
    first = evidence.scores(base, task.name, whole=False)
    if first is None or second is None:
        return None
    _, ours, theirs = np.intersect1d(first.positions, second.positions, return_indices=True)
    if not len(ours):
        return None
    before, after = first.passed[ours, 0, 0], second.passed[theirs, 0, 0]
    gain = stats.paired_gain(before, after, first.out_of[ours, 0, 0])
    level = 1 - 2 * alpha
    same, total = evidence.same_text(again, base, task.name)
    return NoiseFloor(
        base=base,
        task=task.name,
        metric=str(task.primary),
        n=gain.n,
        differ=total - same,
        better=int((after > before).sum()),
        worse=int((after < before).sum()),
        gain=gain.estimate,
        interval=gain.interval(level),
        level=level,
        margin=task.margin,
        warning=_warning(total - same, gain, level),
    )


def _warning(differ: int, gain: stats.Gain, level: float) -> str | None:
    low, high = gain.interval(level)
    if low <= 0 <= high:
        return None
    return (
        f"{differ} responses differ, a gain of {100 * low:+.1f} to {100 * high:+.1f} points, which excludes 0: batching "
        f"alone changes this score; run in float32"
    )


def engine_noise(plan: Plan, evidence: Evidence) -> tuple[EngineNoise, ...]:
    """One for each base that was asked twice beside its adapters."""
    found = (_engine_noise(base.name, plan, evidence) for base in plan.bases)
    return tuple(noise for noise in found if noise is not None)


def _engine_noise(base: str, plan: Plan, evidence: Evidence) -> EngineNoise | None:
    """Pooled over tasks and adapters: every prompt that the base and an adapter answered twice, once."""
    of_base, of_adapters = list[_Change](), list[_Change]()
    differ, adapters, tasks = [0, 0], dict[str, None](), list[str]()
    for task in plan.tasks.values():
        before, count = _changes(base, base, task, plan, evidence)
        seen: set[int] = set()
        for adapter in plan.adapters_of(base):
            after, differing = _changes(adapter.name, base, task, plan, evidence)
            positions = sorted(after.keys() & before.keys() - seen)
            if not positions:
                continue
            seen.update(positions)
            of_base += [before[position] for position in positions]
            of_adapters += [after[position] for position in positions]
            differ[1] += differing
            adapters[adapter.name] = None
        if seen:
            differ[0] += count
            tasks.append(task.name)
    if not of_base:
        return None
    base_by, adapter_by = (np.array([change.by for change in side]) for side in (of_base, of_adapters))
    limit, identical = stats.noise_limit(base_by, adapter_by), not any(differ)
    return EngineNoise(
        base=base,
        adapters=tuple(adapters),
        tasks=tuple(tasks),
        n=len(of_base),
        base_differ=differ[0],
        adapter_differ=differ[1],
        base_changed=float((base_by != 0).mean()),
        adapter_changed=float((adapter_by != 0).mean()),
        identical=identical,
        limit=0.0 if identical and limit is not None else limit,
        clustering_p=_clustering(of_adapters),
    )


class _Change(NamedTuple):
    """How the score of a prompt changed between two passes."""

    by: float
    """Second pass minus first, as a share of the checks."""
    arrived: float | None
    """When the second response was kept, in seconds; None where that was not noted."""


def _changes(
    name: str, base: str, task: TaskPlan, plan: Plan, evidence: Evidence
) -> tuple[dict[int, _Change], int]:
    """(by position: the change of each prompt that a subject answered twice, number of responses that differ)."""
    again = named(name, AGAIN)
    scores = [evidence.scores(side, task.name, whole=False) for side in (name, again)]
    first, second = scores
    if first is None or second is None:
        return {}, 0
    claimed = [
        claim.metric for claim in plan.claims if claim.subject.base == base and claim.metric.task == task.name
    ]
    index = task.metric_names.index(next(iter(claimed), task.primary))
    positions, ours, theirs = np.intersect1d(first.positions, second.positions, return_indices=True)
    out_of = first.out_of[ours, 0, index]
    by = (second.passed[theirs, 0, index] - first.passed[ours, 0, index]) / np.maximum(out_of, 1)
    arrived = evidence.arrivals(again, task.name)
    same, total = evidence.same_text(again, name, task.name)
    changes = {
        int(position): _Change(float(change), arrived.get(int(position)))
        for position, change, checks in zip(positions, by, out_of, strict=True)
        if checks
    }
    return changes, total - same


def _clustering(changes: Sequence[_Change]) -> float | None:
    """Whether changes come in bursts; None where nothing changed, or times are not known."""
    batches = [change.arrived for change in changes if change.arrived is not None]
    if not any(change.by for change in changes) or len(batches) < len(changes) or len(set(batches)) < 2:
        return None
    return stats.clustering_p([change.by for change in changes], batches, np.random.default_rng(0))


def within_noise(
    plan: Plan, claims: Sequence[ClaimResult], noise: Sequence[EngineNoise], pairs: Pairs
) -> tuple[ClaimResult, ...]:
    """Claims, marked where the word would not hold if unequal noise pushed the gain by as much as it may."""
    limits, marked = noise_limits(plan, noise), []
    for claim, result in zip(plan.claims, claims, strict=True):
        cell, limit = pairs.of(claim), limits(claim.subject.base, claim.against)
        lost = isinstance(cell, PairedScores) and lost_in_noise(claim, cell, result, limit)
        marked.append(replace(result, within_noise=lost))
    return tuple(marked)


def lost_in_noise(claim: Claim, cell: PairedScores, result: ClaimResult, limit: float) -> bool:
    """Whether the word would not hold if unequal noise pushed the gain by this limit."""
    return limit > 0 and not stats.survives_noise(cell.gain, result.verdict, claim.margin, claim.alpha, limit)


def cells_with_noise(plan: Plan, cells: Sequence[Cell], noise: Sequence[EngineNoise]) -> tuple[Cell, ...]:
    """Cells with how far unequal noise may have pushed their gains."""
    limits = noise_limits(plan, noise)
    return tuple(replace(cell, noise=limits(cell.base, cell.against)) for cell in cells)


def drift_with_noise(
    plan: Plan, drift: Sequence[DriftResult], noise: Sequence[EngineNoise]
) -> tuple[DriftResult, ...]:
    """Drift with how far unequal noise may have pushed it: the gain on the target and those elsewhere, apart."""
    limits = noise_limits(plan, noise)
    return tuple(replace(result, noise=2 * limits(result.base, result.against)) for result in drift)


def noise_limits(plan: Plan, noise: Sequence[EngineNoise]) -> Callable[[str, str | None], float]:
    """By base and reference (None: the base): the larger limit of both sides' bases; 0 where none is measured."""
    measured = {entry.base: entry.limit for entry in noise if entry.limit is not None}
    bases = {subject.name: subject.base for subject in plan.subjects}
    return lambda base, against: max(
        measured.get(side, 0.0) for side in (base, bases[against] if against else base)
    )


def noise_warnings(plan: Plan, noise: Sequence[EngineNoise]) -> Iterator[str]:
    """Where a second pass differs and no bound follows, and where changes come in bursts, which no bound allows for."""
    claimed = {side.base for claim in plan.claims for side in (claim.subject, claim.reference)}
    for entry in noise:
        if entry.limit is None and not entry.identical and entry.base in claimed:
            yield (
                f"responses of {entry.base!r} or its adapters differ in a second pass, and how far unequal noise may move "
                f"their gains is not measured: {entry.n} prompts were run twice, and {stats.FEWEST_REPEATED} are needed; "
                f"`harmed` and `gain` may be noise there; set `noise_prompts: {stats.FEWEST_REPEATED}`, or run in float32"
            )
        if entry.clustering_p is not None and entry.clustering_p <= BURSTS / len(noise):
            yield (
                f"responses of adapters on {entry.base!r} that changed between two passes are clustered in time "
                f"(p = {entry.clustering_p:.3g}): the engine may have failed for a part of the run; run it again"
            )


def applied(plan: Plan, evidence: Evidence) -> tuple[Applied, ...]:
    """What each adapter changes, in the order of the study; adapters that were never loaded are left out."""
    known = evidence.manifest.liveness
    found = []
    tasks = dict(reversed(evidence.bound()))
    for adapter in plan.adapters:
        identity = evidence.subject(adapter.name, tasks[adapter.name]) if adapter.name in tasks else ""
        if (entry := known.get(identity)) is not None:
            fields = ("modules", "norm", "largest", "divergence", "differ")
            found.append(
                Applied(
                    adapter=adapter.name,
                    base=adapter.base,
                    alive=not entry["reason"],
                    reason=entry["reason"] or None,
                    **{name: entry[name] for name in fields},
                )
            )
    return tuple(found)


def problems(evidence: Evidence) -> tuple[str, ...]:
    """Problems found by preflight, errors first."""
    order = ("error", "warning", "note")
    found = sorted(evidence.manifest.problems, key=lambda problem: order.index(problem.severity))
    return tuple(f"{problem.severity}: {problem.subject}: {problem.message}" for problem in found)
