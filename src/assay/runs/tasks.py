"""Resolves the study's tasks, and their examples from files or the hub. It knows no subject and no engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from assay.errors import EngineError, OutputError, StudyError, TaskError
from assay.files import write_text
from assay.plan import Problem
from assay.scoring.judge import identity, ready
from assay.study import Study, TaskEntry
from assay.tasks import CustomTask, Example, Task, find_task, read_hub, read_task, task_names
from assay.tasks.judged import JudgedTask
from assay.tasks.lm_eval import PREFIX, LmEvalTask, lm_eval_task

__all__ = [
    "data_notes",
    "keep_sources",
    "read_examples",
    "resolve_examples",
    "resolve_tasks",
    "task_sources",
]

KEPT = "tasks"
"""Where a run keeps custom tasks: each in a folder named by its place in the study."""


def resolve_tasks(study: Study, run: Path | None = None) -> dict[str, Task]:
    """The study's tasks by name, without their examples. Raises StudyError for an unknown one.

    With `run`, a run's folder, custom tasks are read from the copies in it.
    """
    tasks: dict[str, Task] = {}
    for index, entry in enumerate(study.tasks):
        kind = _kind(study, index, entry, run)
        if entry.mode is not None and entry.mode not in kind.modes:
            raise StudyError(
                f"task {entry.task!r} has no mode {entry.mode!r}",
                place=study.locate("tasks", index, "mode"),
                fix=f"choose one of {', '.join(kind.modes)}",
            )
        if entry.shots is not None and (refusal := kind.form.refusal(entry.shots)):
            raise StudyError(refusal, place=study.locate("tasks", index, "shots"))
        task = kind(entry.name, entry.mode)
        if isinstance(task, JudgedTask) and study.judge is not None:
            task = task.with_judge(identity(study.judge))
        tasks[entry.name] = task
    return tasks


def _kind(study: Study, index: int, entry: TaskEntry, run: Path | None) -> type[Task]:
    if entry.file is not None:
        kept = run / KEPT / str(index) / Path(entry.file).name if run else None
        return read_task(kept or study.resolve(entry.file))
    where = study.locate("tasks", index, "task")
    try:
        if entry.task.startswith(PREFIX):
            return lm_eval_task(entry.task.removeprefix(PREFIX), _included(study, index, run))
        kind = find_task(entry.task)
    except TaskError as bad:
        raise StudyError(str(bad), place=where) from bad
    if kind is None:
        known = ", ".join(task_names())
        raise StudyError(
            f"unknown task {entry.task[:80]!r}",
            place=where,
            fix=f"choose one of {known} (`assay tasks` lists them), or a file: `./{entry.task[:80]}.yaml`",
        )
    return kind


def _included(study: Study, index: int, run: Path | None) -> Path | None:
    """The folder with a task's lm-eval files, or a run's copy of them."""
    named = study.tasks[index].include_path
    if named is None:
        return None
    return run / KEPT / str(index) if run else study.resolve(named)


def task_sources(task: Task) -> Mapping[str, str]:
    """The files of a custom task, with those that its checks need, by name; empty for any other task."""
    return task.sources if isinstance(task, CustomTask | LmEvalTask) else {}


def keep_sources(sources: Sequence[Mapping[str, str]], run: Path) -> None:
    """Write the files of custom tasks into a run's folder. sources: those of each task, in order."""
    for index, files in enumerate(sources):
        if not files:
            continue
        folder = run / KEPT / str(index)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as bad:
            raise OutputError(
                f"cannot be made: {bad.strerror}", place=folder, fix="choose another folder"
            ) from None
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            write_text(folder / name, text)


def data_notes(
    study: Study, tasks: Mapping[str, Task], examples: Mapping[str, Sequence[Example]]
) -> tuple[Problem, ...]:
    """Notes on where examples come from when the study names no file, on tasks that lack their judge, and repeated prompts."""
    unjudged = tuple(
        Problem(
            name,
            "warning",
            "the study names no `judge`: its responses are kept, and its metrics are not measured",
        )
        for name, task in tasks.items()
        if isinstance(task, JudgedTask) and study.judge is None
    )
    repeated = tuple(
        Problem(
            name,
            "warning",
            f"{count} of its prompts repeat an earlier prompt: repeated prompts are not independent evidence, so they count as one",
        )
        for name, task in tasks.items()
        if (count := repeated_prompts(task, examples[name]))
    )
    from_hub = tuple(
        Problem(
            entry.name,
            "note",
            f"no `{task.data_field}` given: its examples are {task.hub.repo}, {task.hub.split}, at {task.hub.revision}",
        )
        for entry in study.tasks
        if (task := tasks[entry.name]).hub and not (entry.prompts or entry.examples)
    )
    return (*unjudged, *repeated, *from_hub)


def resolve_examples(study: Study, tasks: Mapping[str, Task]) -> dict[str, tuple[Example, ...]]:
    """Every example of each task, including those beyond its limit. Raises AssayError if one cannot be judged."""
    _check_stop(study, tasks)
    if study.judge is not None and any(isinstance(task, JudgedTask) for task in tasks.values()):
        try:
            ready(study.judge)
        except EngineError as bad:
            raise StudyError(str(bad), place=study.locate("judge")) from bad
    known = {name: read_examples(study, index, task) for index, (name, task) in enumerate(tasks.items())}
    for entry in study.tasks:
        tasks[entry.name].require(known[entry.name][: entry.limit])
    _check_stop(study, tasks, known)
    return known


def repeated_prompts(task: Task, examples: Sequence[Example]) -> int:
    """Examples that ask what an earlier one does; 0 where the task or its file groups them."""
    if task.groups_examples(examples):
        return 0
    return len(examples) - len({task.asked(example) for example in examples})


def _check_stop(
    study: Study, tasks: Mapping[str, Task], examples: Mapping[str, Sequence[Example]] | None = None
) -> None:
    """Raise StudyError where the study may stop early on a task whose looks would be invalid."""
    for index, (task, entry) in enumerate(zip(tasks.values(), study.tasks, strict=True)):
        known = examples[task.name][: entry.limit] if examples else ()
        grouped, repeated = task.groups_examples(known), repeated_prompts(task, known)
        if study.stop.when != "full" and (grouped or repeated or isinstance(task, JudgedTask)):
            why = "a judge decides it"
            if grouped or repeated:
                why = (
                    "its prompts come in groups"
                    if grouped
                    else f"{repeated} of its prompts repeat an earlier one"
                )
            raise StudyError(
                f"task {task.name!r} cannot stop early, because {why}",
                place=study.locate("tasks", index),
                fix="write `stop: full`",
            )


def read_examples(study: Study, index: int, task: Task) -> tuple[Example, ...]:
    """Every example of the study's task number `index`. Raises AssayError where they cannot be read."""
    entry = study.tasks[index]
    given = {"prompts": entry.prompts, "examples": entry.examples}
    named = given.pop(task.data_field)
    (other,) = given
    if given[other] is not None:
        raise StudyError(
            f"task {task.kind!r} reads its data from `{task.data_field}`, not `{other}`",
            place=study.locate("tasks", index, other),
            fix="rename the field",
        )
    path = task.data if named is None else study.resolve(named)
    try:
        own = task.draw(entry.limit, entry.seed or 0) if path is None else None
    except TaskError as bad:
        raise TaskError(str(bad), place=study.locate("tasks", index)) from bad
    if entry.seed is not None and own is None:
        raise StudyError(
            f"task {entry.name!r} draws no examples here, so a seed does nothing",
            place=study.locate("tasks", index, "seed"),
            fix="remove the line",
        )
    if path is not None:
        return task.read(path)
    if own is not None:
        return own
    if task.hub is None:
        raise StudyError(
            f"task {task.name!r} needs its data file: add `{task.data_field}: FILE` (`assay tasks` says where to "
            f"get it)",
            place=study.locate("tasks", index),
        )
    try:
        return read_hub(task)
    except TaskError as bad:
        raise bad.at(study.locate("tasks", index, task.data_field)) from bad
