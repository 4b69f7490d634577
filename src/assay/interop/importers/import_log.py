"""Imports logs of other tools into a run's folder, as the recorded responses of a study that is kept there.

    RUN/imported/<subject>/<task>.jsonl     the responses, in one form for all tools
    RUN/imported/imports.json               the source file of each, by content, and the model that it names
    RUN/imported/study.yaml                 the study: add claims and margins there

An import decides nothing. A log holds no label, no claim and no margin: they are declared in the study, and
stamped when it is run with `assay run RUN/imported/study.yaml --out RUN`, which checks everything again.
A log is read and checked whole before anything is written.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from assay.engines.recorded import Row, Source, match, read_responses
from assay.engines.recorded.lm_eval import LoggedModel, check_models, read_samples
from assay.errors import ResponsesError, StudyError
from assay.files import file_name, file_sha256, make_folder, read_text, write_text
from assay.interop.importers.logs import Log, check_pair, name_of, read_log
from assay.runs.claims import OPEN
from assay.study import Study, load_study
from assay.study.form import is_file
from assay.study.strict import parse
from assay.tasks import TASKS, find_task

__all__ = ["Import", "Imported", "import_log"]


@dataclass(frozen=True, slots=True)
class Import:
    """What to import, and as what."""

    form: str
    """One of `assay.interop.importers.logs.FORMATS`."""
    path: Path
    """The log."""
    subject: str
    """What the study calls the base or the adapter."""
    task: str
    """Kind of task, as in a study file."""
    model_args: str | None = None
    """`pretrained=...,peft=...`, where the log does not say it."""
    base: str | None = None
    """What the study calls an adapter's base; the only one by default."""
    label: str | None = None
    """The adapter's."""
    data: Path | None = None
    """The task's prompt or example file; then every response is matched to it before anything is written."""
    limit: int | None = None
    """Only this many examples, the first ones, where the log has no more."""
    after: str | None = None
    """Judge only what follows the first such mark, in responses that have one."""


@dataclass(frozen=True, slots=True)
class Imported:
    """The result of an import."""

    responses: int
    base: str | None
    """What the log's model was run on, in its own words."""
    adapter: str | None
    """The log's adapter, in its own words; None: these are the base's responses."""
    file: str
    """The responses, relative to the folder of the study."""
    study: str | None
    """The study file; None until a base and an adapter are there."""
    notes: tuple[str, ...] = ()
    """What a reader must know of the responses."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """A line of `imports.json`."""

    subject: str
    task: str
    form: str
    source: str
    """Name of the file that was read."""
    sha256: str
    pretrained: str
    peft: str | None
    base: str | None
    label: str | None
    file: str
    format: str
    data: str | None
    limit: int | None
    after: str | None

    @property
    def arguments(self) -> dict[str, str]:
        return {"pretrained": self.pretrained} | ({"peft": self.peft} if self.peft else {})

    @property
    def model(self) -> LoggedModel:
        return LoggedModel(self.source, self.pretrained, self.peft)


def import_log(what: Import, run: Path) -> Imported:
    """Read a log, check it against what is there, and add it to the study in `run`. Raises AssayError."""
    folder = run / "imported"
    entries = _entries(folder / "imports.json")
    log = read_log(what.form, what.path, what.model_args)
    _check_data(what, log)
    base = _base_of(what, log.model, entries)
    _check_identity(what, log.model, base, entries)
    rest = [entry for entry in entries if (entry.subject, entry.task) != (what.subject, what.task)]
    same_task = [entry for entry in rest if entry.task == what.task]
    if base is not None:
        theirs = next((entry for entry in same_task if entry.subject == base), None)
        if theirs is None:
            raise ResponsesError(
                f"no responses of its base {base!r} to {what.task!r}",
                place=what.path,
                fix="import those first",
            )
        check_pair(log, _kept(folder, theirs), what.subject, base, what.path)
    for entry in same_task:
        if entry.base == what.subject:
            check_pair(_kept(folder, entry), log, entry.subject, what.subject, what.path)
    entry = _entry(what, log, base, folder)
    entries = [*rest, entry]
    document = _document(folder / "study.yaml", run, entries)
    make_folder((folder / entry.file).parent, "--out")
    write_text(folder / entry.file, "".join(_lines(log.rows, entry)))
    write_text(folder / "imports.json", json.dumps([asdict(entry) for entry in entries], indent=2) + "\n")
    if document is not None:
        write_text(folder / "study.yaml", document)
    study = None if document is None else str(folder / "study.yaml")
    return Imported(len(log.rows), log.model.base, log.model.adapter, entry.file, study, _notes(log))


def _notes(log: Log) -> tuple[str, ...]:
    """What a reader must know of the responses."""
    empty = sum(row.text is None for row in log.rows)
    if not empty:
        return ()
    return (
        f"{log.path}: {empty:,} of {len(log.rows):,} responses have no text (null, or the word None, as lm-eval logs "
        f"it): they are judged as empty",
    )


def _entries(path: Path) -> list[_Entry]:
    if not path.exists():
        return []
    try:
        return [_Entry(**entry) for entry in json.loads(read_text(path, ResponsesError))]
    except (ValueError, TypeError, RecursionError):
        raise ResponsesError(
            "is not a list of imports", place=path, fix="remove the folder and import again"
        ) from None


def _check_data(what: Import, log: Log) -> None:
    if is_file(what.task):
        raise StudyError(
            "only tasks with a name can be imported to",
            place=f"--task {what.task}",
            fix="for a task of your own write the study by hand, with these files under `responses`",
        )
    kind = find_task(what.task)
    if kind is None:
        raise StudyError(
            "unknown",
            place=f"--task {what.task}",
            fix=f"choose one of {', '.join(TASKS)} (`assay tasks` lists them)",
        )
    if what.data is not None:
        task = kind()
        examples = task.read(what.data)
        source = Source(what.path, lambda _: iter(log.rows))
        match(source, examples[: what.limit], examples[what.limit :] if what.limit else (), task.turns)


def _base_of(what: Import, model: LoggedModel, entries: list[_Entry]) -> str | None:
    """What the study calls the base of an adapter's log; None for a base's."""
    if model.adapter is None:
        if what.base or what.label:
            served = f"{model.base!r}, which a server served," if model.served else "no adapter,"
            peft = model.base if model.served else "..."
            raise ResponsesError(
                f"names {served} so {what.subject!r} is a base and has no --base and no --label",
                place=model.place,
                fix=f'remove them, or state the adapter: `--model-args "pretrained=...,peft={peft}"`',
            )
        return None
    bases = list(dict.fromkeys(entry.subject for entry in entries if entry.base is None))
    if what.base is None and len(bases) == 1:
        return bases[0]
    if what.base is None or what.base not in bases:
        raise ResponsesError(
            f"is an adapter's log, and the bases here are: {', '.join(bases) or 'none yet'}",
            place=what.path,
            fix="import the base's log first, and name it with --base",
        )
    return what.base


def _check_identity(what: Import, model: LoggedModel, base: str | None, entries: list[_Entry]) -> None:
    """One name one model, one model one name; an adapter's log was made on its base's model."""
    for entry in entries:
        same = (entry.model.base, entry.model.adapter) == (model.base, model.adapter)
        if entry.subject == what.subject and not same:
            raise ResponsesError(
                f"is of {model}, and {what.subject!r} is {entry.model} here (from {entry.source})",
                place=model.place,
                fix=f"import it under another name, or remove {what.subject!r} from imports.json and the study",
            )
        if entry.subject != what.subject and same:
            raise ResponsesError(
                f"is of {model}, which is {entry.subject!r} here",
                place=model.place,
                fix=f"import it --as {entry.subject}",
            )
        if entry.subject == base:
            check_models(entry.model, {what.subject: model})


def _entry(what: Import, log: Log, base: str | None, folder: Path) -> _Entry:
    fields = asdict(replace(what, base=base))
    fields = {name: value for name, value in fields.items() if name not in ("path", "model_args", "data")}
    return _Entry(
        **fields,
        source=log.path.name,
        sha256=file_sha256(log.path),
        pretrained=str(log.model.base),
        peft=log.model.adapter,
        file=f"{file_name(what.subject)}/{file_name(what.task)}.jsonl",
        format="lm-eval" if all(row.sent is not None for row in log.rows) else "jsonl",
        data=None if what.data is None else os.path.relpath(what.data.absolute(), folder.absolute()),
    )


def _lines(rows: Sequence[Row], entry: _Entry) -> Iterator[str]:
    """In lm-eval's form where the prompt as sent is known, so that a run compares protocols; else in ours."""
    examples: dict[str, list[Row]] = {}
    for row in rows:
        examples.setdefault(name_of(row), []).append(row)
    for own in examples.values():
        own.sort(key=lambda row: (row.sample, row.turn))
        several = any(row.turn for row in own)
        known = {
            name: value
            for name, value in (("key", own[0].key), ("prompt", own[0].prompt))
            if value is not None
        }
        if entry.format == "jsonl":
            lines: list[dict[str, Any]] = [
                known
                | {"sample": row.sample}
                | ({"turn": row.turn + 1} if several else {})
                | {"response": row.text}
                for row in own
            ]
        else:
            arguments = {"gen_args_0": {"arg_0": own[0].sent, "arg_1": json.loads(own[0].limits)}}
            lines = [{"doc": known, "arguments": arguments, "resps": [[row.text for row in own]]}]
        yield from (json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def _kept(folder: Path, entry: _Entry) -> Log:
    read = read_samples if entry.format == "lm-eval" else read_responses
    return Log(tuple(read(folder / entry.file)), entry.model, folder / entry.file)


def _document(path: Path, run: Path, entries: list[_Entry]) -> str | None:
    """The study with these imports in it; what a user wrote there stays, but for comments. None: no adapter yet."""
    if not any(entry.base for entry in entries):
        return None
    data: dict[str, Any] = {
        "name": run.resolve().name or "imported",
        "bases": [],
        "adapters": [],
        "tasks": [],
    }
    if path.exists():
        load_study(path, check_files=False)
        document = parse(read_text(path, StudyError), path).data
        data = dict(document) if isinstance(document, dict) else data
    for entry in entries:
        subjects = data.setdefault("adapters" if entry.base else "bases", [])
        subject = _named(subjects, entry.subject, "name")
        if entry.base:
            subject.setdefault("base", entry.base)
            subject["label"] = entry.label or subject.get("label", OPEN)
        file: dict[str, Any] = {"path": entry.file, "format": entry.format}
        file |= {"model_args": entry.arguments} if entry.format == "lm-eval" else {}
        file |= {"after": entry.after} if entry.after else {}
        subject["responses"] = {**subject.get("responses", {}), entry.task: file}
        task = _named(data.setdefault("tasks", []), entry.task, "task")
        kind = find_task(entry.task)
        fields = {kind.data_field if kind else "prompts": entry.data, "limit": entry.limit}
        task |= {name: value for name, value in fields.items() if value is not None}
    return Study.from_dict(data, path.parent, check_files=False).text


def _named(entries: list[dict[str, Any]], name: str, field: str) -> dict[str, Any]:
    """The entry of this name, added where there is none; `field` names an entry that has no `name`."""
    entry = next((entry for entry in entries if entry.get("name", entry.get(field)) == name), None)
    if entry is None:
        entries.append(entry := {field: name})
    return entry
