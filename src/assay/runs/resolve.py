"""Turns a study into a plan: the only place where a study's paths, margins, families and templates are settled.

It generates nothing and writes nothing.

    plan = resolve(load_study("study.yaml"))        # everything that it names is found and checked; nothing is written
    plan.claims[0].alpha

`plan_of` settles what is claimed and needs no weights; `resolve` adds how the responses are obtained.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from assay.engines import PreflightFunction, find_preflight
from assay.engines.recorded.summary import read_summary
from assay.errors import EngineError, StudyError
from assay.plan import Part, Plan, Subject, TaskPlan
from assay.records import digest
from assay.runs.claims import check_off_target, claims_of
from assay.runs.generated import generated
from assay.runs.recorded import recorded
from assay.runs.tasks import data_notes, resolve_examples, resolve_tasks, task_sources
from assay.runs.workload import Work
from assay.study import Adapter, Study, TaskEntry, load_study
from assay.tasks import Example, Task
from assay.tasks.judged import JudgedTask

__all__ = ["plan_of", "resolve", "with_clusters"]


def resolve(
    study: Study | Path | str,
    preflight: PreflightFunction | None = None,
    until: Literal["full", "decided"] | None = None,
) -> Plan:
    """Find and check everything that a study names. Writes nothing and loads no weights.

    preflight: replaces that of the engine that the study names. until: replaces the study's `stop.when`.
    Raises AssayError if the study or something that it names is unusable.
    """
    study = study if isinstance(study, Study) else load_study(Path(study))
    if until == "decided" and study.stop.when == "full":
        study = study.stopping("decided")
    tasks = resolve_tasks(study)
    plan = plan_of(study, tasks)
    _check_design(study, plan)
    if plan.source == "generated" and preflight is None:
        preflight = _preflight(study)  # before examples, which may be downloaded
    sources = tuple(task_sources(task) for task in tasks.values())
    if study.summary is not None:
        return replace(plan, summary=_summary(study, plan), work=Work(tasks, {}, sources=sources))
    known = resolve_examples(study, tasks)
    examples = {entry.name: known[entry.name][: entry.limit] for entry in study.tasks}
    if preflight is None or plan.source == "recorded":
        responses = recorded(study, tasks, examples, known)
    else:
        responses = generated(study, tasks, examples, preflight, plan.references())
    return replace(
        plan,
        tasks={name: with_clusters(part, tasks[name], examples[name]) for name, part in plan.tasks.items()},
        warnings=responses.warnings,
        problems=(*responses.problems, *data_notes(study, tasks, examples)),
        work=Work(tasks, examples, responses.groups, sources),
    )


def with_clusters(plan: TaskPlan, task: Task, examples: Sequence[Example]) -> TaskPlan:
    """A task of the plan, with whether some of these examples are not independent."""
    return replace(plan, clustered=task.groups_examples(examples))


def plan_of(study: Study, tasks: Mapping[str, Task]) -> Plan:
    """The claims of a study, their subjects and rules. Raises StudyError for a claim that does not fit its tasks."""
    planned = {entry.name: _task(study, entry, tasks[entry.name]) for entry in study.tasks}
    check_off_target(study, planned)
    bases = tuple(
        Subject(base.name, base.name, source=base.model, revision=base.revision) for base in study.bases
    )
    adapters = tuple(
        _subject(adapter, name, scale) for adapter in study.adapters for name, scale in adapter.scales.items()
    )
    return Plan(
        name=study.name,
        bases=bases,
        adapters=adapters,
        tasks=planned,
        claims=claims_of(study, planned, {subject.name: subject for subject in (*bases, *adapters)}),
        alpha=study.alpha,
        family=study.family,
        margin=study.margin,
        seed=study.seed,
        stop=study.stop,
        decoding=study.decoding,
        engine=study.engine,
        policy=study.gate,
        judge=study.judge,
        responses_sha256=digest(_responses_block(study)),
        source=_source(study),
        study_text=study.text,
        noise_prompts=study.noise_prompts,
    )


def _subject(adapter: Adapter, name: str, scale: float) -> Subject:
    """An adapter at one of its scales; another scale than that of its own name is a recipe of its own."""
    dose = name != adapter.name
    return Subject(
        name,
        adapter.base,
        () if adapter.model else (Part(adapter.name, scale),),
        source=adapter.model or (f"{adapter.path}/{adapter.folder}" if adapter.folder else adapter.path),
        revision=adapter.revision,
        label=adapter.label,
        recipe=f"{adapter.recipe}@{scale:g}" if dose else adapter.recipe,
        seed=adapter.seed,
        step=adapter.step,
        settings=adapter.settings if scale == 1 else {"scale": scale, **adapter.settings},
        control=adapter.control,
    )


def _source(study: Study) -> Literal["generated", "recorded", "summary"]:
    if study.summary is not None:
        return "summary"
    return "recorded" if study.engine.name == "recorded" else "generated"


def _task(study: Study, entry: TaskEntry, task: Task) -> TaskPlan:
    return TaskPlan(
        name=entry.name,
        kind=entry.task,
        capability=task.capability,
        metrics=task.metrics,
        scorer=task.scorer,
        mode=task.mode,
        modes=task.modes,
        margin=study.margin if entry.margin is None else entry.margin,
        data=entry.prompts or entry.examples,
        limit=entry.limit,
        shots=entry.shots,
        max_tokens=entry.max_tokens,
        clustered=task.groups_examples(),
        judged=isinstance(task, JudgedTask),
    )


def _responses_block(study: Study) -> dict[str, Any]:
    """The fields of the study that the responses depend on.

    Fields at their defaults are left out, so that a new field in a later version changes nothing here.
    """

    def given(part: Any, *without: str) -> Any:
        return part.model_dump(mode="json", exclude=set(without), exclude_defaults=True)

    subjects = (*study.bases, *study.adapters)
    return {
        "name": study.name,
        "subjects": [
            given(subject, "label", "recipe", "seed", "step", "settings", "control") for subject in subjects
        ],
        "tasks": [given(task, "mode", "margin") for task in study.tasks],
        "decoding": given(study.decoding),
        "engine": given(study.engine),
        "summary": study.summary,
    }


def _check_design(study: Study, plan: Plan) -> None:
    """Raise StudyError for a design of looks that a claim's metric does not fit."""
    if plan.stop.when == "full" or plan.stop.design != "betting":
        return
    for claim in plan.claims:
        if plan.tasks[claim.metric.task].metric(claim.metric.name).kind != "binary":
            raise StudyError(
                f"the betting design judges metrics of one check a prompt; {claim.metric} has several",
                place=study.locate("stop"),
                fix="write `design: group`, or claim another metric",
            )


def _preflight(study: Study) -> PreflightFunction:
    try:
        return find_preflight(study.engine.name)
    except EngineError as bad:
        raise StudyError(bad.message, place=study.locate("engine", "name"), fix=bad.fix) from bad


def _summary(study: Study, plan: Plan) -> dict[str, dict[str, float]]:
    subjects = [subject.name for subject in plan.subjects]
    return read_summary(study.resolve(study.summary or ""), subjects, list(map(str, plan.metrics)))
