"""The study's tasks, and the examples in their files or on the hub."""

from __future__ import annotations

from collections.abc import Mapping

from assay.engines import Problem
from assay.errors import StudyError
from assay.study import Study
from assay.tasks import TASKS, Example, Task, read_hub
from assay.verdicts.claims import check_metric

__all__ = ["bind_examples", "bind_tasks", "data_notes"]


def bind_tasks(study: Study) -> dict[str, Task]:
    """The study's tasks by name, without their examples. Raises StudyError for an unknown one."""
    tasks: dict[str, Task] = {}
    for index, entry in enumerate(study.tasks):
        if entry.task not in TASKS:
            raise StudyError(
                f"{study.locate('tasks', index, 'task')}: unknown task {entry.task!r}; "
                f"choose one of {', '.join(TASKS)} (`assay tasks` lists them)"
            )
        kind = TASKS[entry.task]
        if entry.mode is not None and entry.mode not in kind.modes:
            raise StudyError(
                f"{study.locate('tasks', index, 'mode')}: task {entry.task!r} has no mode {entry.mode!r}; "
                f"choose one of {', '.join(kind.modes)}"
            )
        if entry.shots is not None and (refusal := kind.form.refusal(entry.shots)):
            raise StudyError(f"{study.locate('tasks', index, 'shots')}: {refusal}")
        tasks[entry.name] = kind(entry.name, entry.mode)
    for index, metric in enumerate(study.off_target or ()):
        check_metric(study, tasks, metric, "off_target", index)
    return tasks


def data_notes(study: Study, tasks: Mapping[str, Task]) -> tuple[Problem, ...]:
    """Where examples come from when the study names no file: a task's name says nothing about its data."""
    return tuple(
        Problem(
            entry.name,
            "note",
            f"no `{task.data_field}` given: its examples are {task.hub.repo}, {task.hub.split}, at {task.hub.revision}",
        )
        for entry in study.tasks
        if (task := tasks[entry.name]).hub and not (entry.prompts or entry.examples)
    )


def bind_examples(study: Study, tasks: Mapping[str, Task]) -> dict[str, tuple[Example, ...]]:
    """Every example of each task, those beyond its limit too. Raises AssayError if one cannot be judged."""
    known = {name: _examples(study, index, task) for index, (name, task) in enumerate(tasks.items())}
    for entry in study.tasks:
        tasks[entry.name].check(known[entry.name][: entry.limit])
    return known


def _examples(study: Study, index: int, task: Task) -> tuple[Example, ...]:
    entry = study.tasks[index]
    given = {"prompts": entry.prompts, "examples": entry.examples}
    path = given.pop(task.data_field)
    (other,) = given
    if given[other] is not None:
        raise StudyError(
            f"{study.locate('tasks', index, other)}: task {task.kind!r} reads its data from `{task.data_field}`, "
            f"not `{other}`; rename the field"
        )
    own = task.own(entry.limit, entry.seed or 0) if path is None else None
    if entry.seed is not None and own is None:
        raise StudyError(
            f"{study.locate('tasks', index, 'seed')}: task {entry.name!r} draws no examples here, so a seed does "
            f"nothing; remove the line"
        )
    if path is not None:
        return task.read(study.resolve(path))
    if own is not None:
        return own
    if task.hub is None:
        raise StudyError(
            f"{study.locate('tasks', index)}: task {task.name!r} needs its data file: "
            f"add `{task.data_field}: FILE` (`assay tasks` says where to get it)"
        )
    return read_hub(task)
