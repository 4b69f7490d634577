"""Binds a study to tasks and to what answers, and checks all of it before anything is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assay.engines import Engine, Recorded, Request, Row, Source, file_sha256, read_rows
from assay.errors import ResponsesError, StudyError
from assay.interop.lm_eval import LoggedModel, check_models, logged_model, read_samples
from assay.interop.summary import read_summary
from assay.records import digest
from assay.study import Adapter, Base, Study
from assay.tasks import TASKS, Example, Task
from assay.verdicts import Claim, declare
from assay.verdicts.claims import check_metric

__all__ = ["Bound", "BoundCell", "bind", "bind_tasks"]

READERS: dict[str, Callable[[Path], Iterator[Row]]] = {"jsonl": read_rows, "lm-eval": read_samples}


@dataclass(frozen=True, slots=True)
class BoundCell:
    """One subject on one task: who answers, and under what protocol."""

    name: str
    task: str
    identity: Mapping[str, Any]
    protocol: Mapping[str, Any]
    samples: int = 1


@dataclass(frozen=True, slots=True)
class Bound:
    """A study with everything that it names found and checked."""

    study: Study
    tasks: Mapping[str, Task]
    examples: Mapping[str, tuple[Example, ...]]
    claims: tuple[Claim, ...]
    engine: Engine
    cells: tuple[BoundCell, ...] = ()
    summary: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def requests(self, cell: BoundCell) -> Iterator[Request]:
        """Everything to be asked of one subject on one task."""
        for example in self.examples[cell.task]:
            for sample in range(cell.samples):
                yield Request(cell.name, cell.task, example.key, example.prompt, sample)


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
        tasks[entry.name] = kind(entry.name, entry.mode)
    for index, metric in enumerate(study.off_target or ()):
        check_metric(study, tasks, metric, "off_target", index)
    return tasks


def bind(study: Study) -> Bound:
    """Find and check everything that the study names. Raises AssayError; writes nothing."""
    tasks = bind_tasks(study)
    claims = declare(study, tasks)
    if study.stop == "decided":
        raise StudyError(f"{study.locate('stop')}: this version runs to the end; write `stop: full`")
    if study.engine.name != "recorded":
        raise StudyError(
            f"{study.locate('engine')}: this version judges recorded responses and has no engine "
            f"{study.engine.name!r}; remove `engine`, and give `responses` where there are weights"
        )
    if study.summary is not None:
        metrics = [f"{name}.{metric.name}" for name, task in tasks.items() for metric in task.metrics]
        subjects = [base.name for base in study.bases] + [adapter.name for adapter in study.adapters]
        summary = read_summary(study.resolve(study.summary), subjects, metrics)
        return Bound(study, tasks, {}, claims, Recorded({}, {}), summary=summary)
    known = {name: _read_examples(study, index, task) for index, (name, task) in enumerate(tasks.items())}
    limits = {entry.name: entry.limit for entry in study.tasks}
    examples = {name: found[: limits[name]] for name, found in known.items()}
    for name, task in tasks.items():
        task.check(examples[name])
    sources = _sources(study)
    engine = Recorded(
        sources, examples, {name: found[len(examples[name]) :] for name, found in known.items()}
    )
    identities = _identities(study, sources)
    found = [_cell(study, engine, task, identities[subject]) for subject, task in sources]
    cells = tuple(cell for cell, _, _ in found)
    _check_protocols(study, cells)
    warnings = [doubt for _, _, doubt in found if doubt]
    warnings += _twins((cell, judged) for cell, judged, _ in found)
    return Bound(study, tasks, examples, claims, engine, cells, warnings=tuple(warnings))


def _read_examples(study: Study, index: int, task: Task) -> tuple[Example, ...]:
    entry = study.tasks[index]
    given = {"prompts": entry.prompts, "examples": entry.examples}
    path = given.pop(task.data_field)
    (other,) = given
    if given[other] is not None:
        raise StudyError(
            f"{study.locate('tasks', index, other)}: task {task.kind!r} reads its data from `{task.data_field}`, "
            f"not `{other}`; rename the field"
        )
    if path is None:
        raise StudyError(
            f"{study.locate('tasks', index)}: task {task.name!r} needs its data file: "
            f"add `{task.data_field}: FILE` (`assay tasks` says where to get it)"
        )
    return task.read(study.resolve(path))


def _sources(study: Study) -> dict[tuple[str, str], Source]:
    sources: dict[tuple[str, str], Source] = {}
    logged: dict[tuple[str, str], LoggedModel] = {}
    groups: dict[str, tuple[Base | Adapter, ...]] = {"bases": study.bases, "adapters": study.adapters}
    for group, subjects in groups.items():
        for index, subject in enumerate(subjects):
            if not subject.responses:
                raise StudyError(
                    f"{study.locate(group, index)}: {subject.name!r} has no recorded `responses`, and this version "
                    f"generates none; record its responses as JSONL and name the files under `responses`"
                )
            for task, file in subject.responses.items():
                path = study.resolve(file.path)
                if file.format == "lm-eval":
                    logged[subject.name, task] = logged_model(path, file.model_args)
                after = file.after or study.decoding.after
                sources[subject.name, task] = Source(path, READERS[file.format], after)
    _check_logs(study, logged)
    return sources


def _check_logs(study: Study, logged: Mapping[tuple[str, str], LoggedModel]) -> None:
    for (base, task), model in logged.items():
        if base in {entry.name for entry in study.bases}:
            named = {
                entry.name: logged.get((entry.name, task)) for entry in study.adapters if entry.base == base
            }
            check_models(model, {name: found for name, found in named.items() if found is not None})


def _cell(
    study: Study, engine: Recorded, task: str, identity: Mapping[str, Any]
) -> tuple[BoundCell, str, str | None]:
    """A subject's cell, the digest of what will be judged, and a warning about its cuts."""
    subject: str = identity["name"]
    source = engine.sources[subject, task]
    rows = engine.rows(subject, task)
    samples = 1 + max(row.sample for _, row in rows)
    protocol = {
        "engine": "recorded",
        "decoding": study.decoding.model_dump(exclude={"after"}, exclude_none=True),
        "limits": sorted({row.limits for _, row in rows}),
        "sent": digest([[example.key, row.sent] for example, row in rows if row.sent is not None]),
        "samples": samples,
    }
    judged = digest([[example.key, row.sample, source.judged(row)] for example, row in rows])
    cell = BoundCell(subject, task, identity, protocol, samples)
    return cell, judged, _doubtful_cut(subject, task, source, [row.text or "" for _, row in rows])


def _doubtful_cut(subject: str, task: str, source: Source, texts: Sequence[str]) -> str | None:
    """Cuts are no part of the protocol: one side may be recorded with its thinking and the other without."""
    if source.after is None:
        return None
    having = sum(source.after in text for text in texts)
    if having == len(texts):
        return None
    share = "none" if not having else f"{having}"
    hint = "; did you mean a line break? Write it in double quotes" if "\\n" in source.after else ""
    return (
        f"the mark {source.after!r} occurs in {share} of the {len(texts)} responses of {subject!r} to {task}: "
        f"the others are judged whole{hint}"
    )


def _identities(study: Study, sources: Mapping[tuple[str, str], Source]) -> dict[str, dict[str, Any]]:
    """A recorded subject is its name, its base, and the content of its files; each file is read once."""
    bases = {adapter.name: adapter.base for adapter in study.adapters}
    contents: dict[str, dict[str, Any]] = {}
    for (name, task), source in sources.items():
        content = {"sha256": file_sha256(source.path), "after": source.after}
        contents.setdefault(name, {})[task] = content
    identities: dict[str, dict[str, Any]] = {}
    for name, responses in contents.items():  # bases come first
        base = digest(identities[bases[name]]) if name in bases else None
        identities[name] = {"engine": "recorded", "name": name, "base": base, "responses": responses}
    return identities


def _check_protocols(study: Study, cells: tuple[BoundCell, ...]) -> None:
    """Raise ResponsesError where an adapter was not asked what its base was asked, in the same way."""
    protocols = {(cell.name, cell.task): cell.protocol for cell in cells}
    for index, adapter in enumerate(study.adapters):
        for task in adapter.responses or ():
            ours, theirs = protocols[adapter.name, task], protocols.get((adapter.base, task))
            if theirs is None or ours == theirs:
                continue
            unequal = {
                "limits": "generation arguments",
                "sent": "prompts as sent",
                "samples": "samples a prompt",
            }
            what = " and ".join(words for name, words in unequal.items() if ours[name] != theirs[name])
            raise ResponsesError(
                f"{study.locate('adapters', index, 'responses', task)}: {what} of {adapter.name!r} differ from those "
                f"of its base {adapter.base!r}; a gain compares equal protocols only: record both sides in one way"
            )


def _twins(cells: Iterable[tuple[BoundCell, str]]) -> list[str]:
    """Warn of two adapters that give the same responses: perhaps one was copied, or never loaded."""
    same: dict[tuple[str, str], list[str]] = {}
    for cell, judged in cells:
        if cell.identity["base"] is not None:
            same.setdefault((cell.task, judged), []).append(cell.name)
    return [
        f"{' and '.join(map(repr, names))} give the same responses to {task}: is each the adapter it is said to be?"
        for (task, _), names in same.items()
        if len(names) > 1
    ]
