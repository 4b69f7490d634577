"""A study resolved as far as it can be here: for plans, which speak of studies that cannot run yet.

Without examples (a hub that does not answer) or an engine (torch is not installed) it notes what is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from assay.engines import PreflightFunction
from assay.errors import AssayError
from assay.plan import Plan
from assay.runs.resolve import plan_of, resolve
from assay.runs.tasks import resolve_examples, resolve_tasks
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
    """Those that will be asked, by task; empty where they cannot be read."""
    work: Work | None
    """How responses would be brought in; None where that was not asked for, or is not possible here."""
    notes: tuple[str, ...]
    """What is not known, and why."""


def outline(study: Study, preflight: PreflightFunction | None = None, whole: bool = True) -> Outline:
    """Resolve a study as far as possible. whole: its weights too.

    Raises StudyError if it names a task or metric that does not exist, or a label that claims nothing.
    """
    tasks = resolve_tasks(study)
    plan = plan_of(study, tasks)
    notes: list[str] = []
    examples = _examples(study, tasks, notes)
    work = None
    if whole and examples and plan.source == "generated":
        try:
            resolved = resolve(study, preflight)
        except AssayError as bad:
            notes.append(f"No trial, and this study cannot run here as it is: {bad}")
        else:
            plan = resolved
            work = resolved.work if isinstance(resolved.work, Work) else None
    return Outline(plan, tasks, examples, work, tuple(notes))


def _examples(study: Study, tasks: Mapping[str, Task], notes: list[str]) -> dict[str, tuple[Example, ...]]:
    if study.summary is not None:
        notes.append(
            "Only aggregate scores are known: no verdict can be reached, so there is no power to tell."
        )
        return {}
    try:
        known = resolve_examples(study, tasks)
    except AssayError as bad:
        notes.append(f"The number of prompts is not known, nor then what they cost: {bad}")
        return {}
    return {entry.name: known[entry.name][: entry.limit] for entry in study.tasks}
