"""A study resolved as far as possible on this machine, for forecasts of studies that cannot run yet.

Without examples (a hub that does not answer) or an engine (torch is not installed) it notes what is missing. It
generates nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from assay.engines import PreflightFunction
from assay.errors import AssayError
from assay.plan import Plan
from assay.runs.resolve import plan_of, resolve, with_clusters
from assay.runs.tasks import resolve_examples, resolve_tasks
from assay.runs.training_data import TrainingData, training_data
from assay.runs.workload import Work
from assay.study import Study
from assay.tasks import Example, Task

__all__ = ["Outline", "outline"]


@dataclass(frozen=True, slots=True)
class Outline:
    """What is known of a study before it is run."""

    plan: Plan
    tasks: Mapping[str, Task]
    examples: Mapping[str, tuple[Example, ...]]
    """The examples that will be used, by task; empty where they cannot be read."""
    work: Work | None
    """How responses would be obtained; None where that was not requested, or is not possible here."""
    notes: tuple[str, ...]
    """What is not known, and why."""
    training: tuple[TrainingData, ...] = ()
    """Of each adapter: whether it was trained on the prompts, as far as that is known."""


def outline(study: Study, preflight: PreflightFunction | None = None, whole: bool = True) -> Outline:
    """Resolve a study as far as possible. whole: including its weights.

    Raises StudyError if it names a task or metric that does not exist, or a label that claims nothing.
    """
    tasks = resolve_tasks(study)
    plan = plan_of(study, tasks)
    notes: list[str] = []
    examples = _examples(study, tasks, notes)
    parts = plan.tasks.items()
    known = {name: with_clusters(part, tasks[name], examples.get(name, ())) for name, part in parts}
    plan = replace(plan, tasks=known)
    work = None
    if whole and examples and plan.source == "generated":
        try:
            resolved = resolve(study, preflight)
        except AssayError as bad:
            notes.append(f"No trial, and this study cannot run here as it is: {bad}")
        else:
            plan = resolved
            work = resolved.work if isinstance(resolved.work, Work) else None
    return Outline(plan, tasks, examples, work, tuple(notes), training_data(study, examples))


def _examples(study: Study, tasks: Mapping[str, Task], notes: list[str]) -> dict[str, tuple[Example, ...]]:
    if study.summary is not None:
        notes.append(
            "Only aggregate scores are known: no verdict can be reached, so there is no power to compute."
        )
        return {}
    try:
        known = resolve_examples(study, tasks)
    except AssayError as bad:
        notes.append(f"The number of prompts is not known, and so neither is their cost: {bad}")
        return {}
    return {entry.name: known[entry.name][: entry.limit] for entry in study.tasks}
