"""Diagnostics from a run's evidence: the noise floor (how far a base differs from itself in another batch), the liveness
of each adapter, and the problems found by preflight. It probes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from assay import stats
from assay.engines.api import AGAIN, is_again, named
from assay.plan import Plan, TaskPlan
from assay.verdicts.evidence import Evidence
from assay.verdicts.pair import PairedScores, Pairs
from assay.verdicts.result import Applied, Cell, ClaimResult, EngineNoise, NoiseFloor

__all__ = [
    "applied",
    "cells_with_noise",
    "engine_noise",
    "noise_floor",
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
        warning=_warning(total - same, gain, level, task.margin),
    )


def _warning(differ: int, gain: stats.Gain, level: float, margin: float) -> str | None:
    low, high = gain.interval(level)
    if low <= 0 <= high and -margin < low and high < margin:
        return None
    if not differ:
        return (
            f"no response differs, but {gain.n} prompts exclude no noise below {100 * high:.1f} points, and "
            f"the margin is {100 * margin:g}; give the task more prompts"
        )
    found = f"{differ} responses differ, a gain of {100 * low:+.1f} to {100 * high:+.1f} points"
    if low > 0 or high < 0:
        return f"{found}, which excludes 0: batching alone moves this score; run in float32"
    return (
        f"{found}, which reaches the margin of {100 * margin:g}: so large a difference may come from batching alone; "
        f"give the task more prompts, or run in float32"
    )


def engine_noise(plan: Plan, evidence: Evidence) -> tuple[EngineNoise, ...]:
    """One for each adapter and task that was asked twice, beside its base on the same prompts."""
    subjects = {adapter.name: adapter for adapter in plan.adapters}
    pairs = [(name.removesuffix(f"/{AGAIN}"), task) for name, task in evidence.bound() if is_again(name)]
    found = (
        _engine_noise(subjects[name].base, name, plan.tasks[task], plan, evidence)
        for name, task in pairs
        if name in subjects and task in plan.tasks
    )
    return tuple(noise for noise in found if noise is not None)


def _engine_noise(
    base: str, adapter: str, task: TaskPlan, plan: Plan, evidence: Evidence
) -> EngineNoise | None:
    names = (base, named(base, AGAIN), adapter, named(adapter, AGAIN))
    scores = [evidence.scores(name, task.name, whole=False) for name in names]
    known = [side for side in scores if side is not None]
    if len(known) < len(names):
        return None
    positions = reduce(np.intersect1d, [side.positions for side in known])
    if not len(positions):
        return None
    claimed = (claim.metric for claim in plan.claims_of(adapter) if claim.metric.task == task.name)
    metric = next(claimed, task.primary)
    index = task.metric_names.index(metric)
    first, second, ours, again = (
        side.passed[np.searchsorted(side.positions, positions), 0, index] for side in known
    )
    weights = known[0].out_of[np.searchsorted(known[0].positions, positions), 0, index]
    of_base, of_adapter = second - first, again - ours
    same = [evidence.same_text(named(name, AGAIN), name, task.name) for name in (base, adapter)]
    differ = [total - equal for equal, total in same]
    identical = not any(differ)
    limit = stats.noise_limit(of_base, of_adapter, weights)
    return EngineNoise(
        base=base,
        adapter=adapter,
        task=task.name,
        metric=str(metric),
        n=len(positions),
        base_differ=differ[0],
        adapter_differ=differ[1],
        base_changed=float((of_base != 0).mean()),
        adapter_changed=float((of_adapter != 0).mean()),
        identical=identical,
        limit=0.0 if identical and limit is not None else limit,
        clustering_p=_clustering(names[3], task.name, positions, of_adapter, evidence),
    )


def _clustering(
    name: str, task: str, positions: NDArray[np.int64], changes: NDArray[np.int64], evidence: Evidence
) -> float | None:
    """Whether the changes of a second pass come in bursts; None where nothing changed, or times are not known."""
    arrived = evidence.arrivals(name, task)
    if not changes.any() or any(int(position) not in arrived for position in positions):
        return None
    batches = [arrived[int(position)] for position in positions]
    return stats.clustering_p(changes, batches, np.random.default_rng(0)) if len(set(batches)) > 1 else None


def within_noise(
    plan: Plan, claims: Sequence[ClaimResult], noise: Sequence[EngineNoise], pairs: Pairs
) -> tuple[ClaimResult, ...]:
    """Claims, marked where the word would not hold if unequal noise pushed the gain by as much as it may."""
    limits, marked = _limits(noise), []
    for claim, result in zip(plan.claims, claims, strict=True):
        cell, limit = pairs.of(claim), limits.get(claim.reference.name, 0.0)
        lost = (
            limit > 0
            and isinstance(cell, PairedScores)
            and not stats.survives_noise(cell.gain, result.verdict, claim.margin, claim.alpha, limit)
        )
        marked.append(replace(result, within_noise=lost))
    return tuple(marked)


def cells_with_noise(cells: Sequence[Cell], noise: Sequence[EngineNoise]) -> tuple[Cell, ...]:
    """Cells with how far unequal noise may have pushed their gains."""
    limits = _limits(noise)
    return tuple(replace(cell, noise=limits.get(cell.base, 0.0)) for cell in cells)


def _limits(noise: Sequence[EngineNoise]) -> dict[str, float]:
    """By base: the largest of its limits; without those that are not measured."""
    limits: dict[str, float] = {}
    for entry in noise:
        if entry.limit is not None:
            limits[entry.base] = max(limits.get(entry.base, 0.0), entry.limit)
    return limits


def noise_warnings(plan: Plan, floors: Sequence[NoiseFloor], noise: Sequence[EngineNoise]) -> Iterator[str]:
    """Where a second pass differs and no bound follows, and where changes come in bursts, which no bound allows for."""
    for base in dict.fromkeys(claim.reference.name for claim in plan.claims):
        of_base = [entry for entry in noise if entry.base == base]
        differ = any(not entry.identical for entry in of_base) or any(
            floor.differ for floor in floors if floor.base == base
        )
        if differ and all(entry.limit is None for entry in of_base):
            yield (
                f"a second pass over {base!r} or an adapter of it differs, and how far unequal noise may push their gains "
                f"is not measured: too few prompts of an adapter were asked twice; `harmed` and `gain` may be noise there"
            )
    for entry in noise:
        if entry.clustering_p is not None and entry.clustering_p <= BURSTS / len(noise):
            yield (
                f"between two passes, changed responses of {entry.adapter!r} to {entry.task} come in bursts "
                f"(p = {entry.clustering_p:.3g}): part of a run may have gone wrong as a whole; run it again"
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
