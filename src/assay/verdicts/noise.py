"""The noise floor: how far a base differs from itself when it answers in another batch.

And what was seen of each adapter before its first response. Read from the records of a run.
"""

from __future__ import annotations

import numpy as np

from assay import stats
from assay.engines import named
from assay.plan import Plan, TaskPlan
from assay.verdicts.evidence import Evidence
from assay.verdicts.result import Applied, NoiseFloor

__all__ = ["AGAIN", "applied", "is_again", "noise_floor", "problems"]

AGAIN = "again"
"""Variant of a base's second pass."""


def is_again(name: str) -> bool:
    """Whether a name in the records means a base's second pass, which is no subject of the study."""
    return name.endswith(f"/{AGAIN}")


def noise_floor(plan: Plan, evidence: Evidence) -> tuple[NoiseFloor, ...] | None:
    """One for each base and task that has a second pass; None where responses were not generated here."""
    if evidence.manifest.source != "generated":
        return None
    floors = (_noise(plan, base.name, task, evidence) for base in plan.bases for task in plan.tasks.values())
    return tuple(floor for floor in floors if floor is not None)


def _noise(plan: Plan, base: str, task: TaskPlan, evidence: Evidence) -> NoiseFloor | None:
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
    level = 1 - 2 * plan.alpha
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


def applied(plan: Plan, evidence: Evidence) -> tuple[Applied, ...]:
    """What each adapter changes, in the order of the study; those that were never loaded are left out."""
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
    """What preflight found, errors first."""
    order = ("error", "warning", "note")
    found = sorted(evidence.manifest.problems, key=lambda problem: order.index(problem.severity))
    return tuple(f"{problem.severity}: {problem.subject}: {problem.message}" for problem in found)
