"""Brings logs of other tools into a run's folder, as the recorded responses of a study that is kept there.

    RUN/imported/<subject>/<task>.jsonl     what was answered, in one form for all tools
    RUN/imported/imports.json               which file each came from, by content, and which model it names
    RUN/imported/study.yaml                 the study: add claims and margins there

An import decides nothing. A log holds no label, no claim and no margin: they are declared in the study, and
stamped when it is run with `assay run RUN/imported/study.yaml --out RUN`, which checks everything again.
A log is read and checked whole before anything is written.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from assay.engines import Row, Source, read_responses
from assay.engines.recorded import match
from assay.errors import OutputError, ResponsesError, StudyError
from assay.files import file_sha256, read_text, write_text
from assay.interop.exporters.lm_eval import file_name
from assay.interop.importers.lm_eval import LoggedModel, check_models, named_model, read_samples
from assay.interop.importers.logs import Log, check_pair, name_of, read_log
from assay.study import Study, load_study
from assay.study.form import is_file
from assay.study.strict import parse
from assay.tasks import TASKS, find_task
from assay.verdicts.claims import OPEN

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
    """The first so many examples only, where the log has no more."""
    after: str | None = None
    """Judge only what follows the first such mark, in responses that have one."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import left."""

    responses: int
    base: str | None
    """What the log's model was run on, in its own words."""
    adapter: str | None
    """The log's adapter, in its own words; None: these are the base's responses."""
    file: str
    """The responses, relative to the folder of the study."""
    study: str | None
    """The study file; None until a base and an adapter are there."""


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


def import_log(what: Import, run: Path) -> Imported:
    """Read a log, check it against what is there, and add it to the study in `run`. Raises AssayError."""
    folder = run / "imported"
    entries = _entries(folder / "imports.json")
    log = read_log(what.form, what.path, what.model_args)
    if log.model.base is None:
        raise ResponsesError(
            f"{log.model.place}: does not say enough of the model that wrote this log; add `--model-args "
            f'"pretrained=BASE"` for the base, or `--model-args "pretrained=BASE,peft=ADAPTER"` for an adapter'
        )
    _check_data(what, log)
    base = _base_of(what, log, entries)
    rest = [one for one in entries if (one.subject, one.task) != (what.subject, what.task)]
    _check_identity(what, log.model, base, entries)
    if base is not None:
        theirs = next((one for one in rest if (one.subject, one.task) == (base, what.task)), None)
        if theirs is None:
            raise ResponsesError(
                f"{what.path}: no responses of its base {base!r} to {what.task!r}; import those first"
            )
        check_pair(log, _kept(folder, theirs), what.subject, base, what.path)
    entry = _entry(what, log, base, folder)
    for one in rest:
        if one.base == what.subject and one.task == what.task:
            check_pair(_kept(folder, one), log, one.subject, what.subject, what.path)
    entries = [*rest, entry]
    document = _document(folder / "study.yaml", run, entries)
    try:
        (folder / entry.file).parent.mkdir(parents=True, exist_ok=True)
    except OSError as bad:
        raise OutputError(f"{folder}: cannot be made: {bad.strerror}; choose another --into") from None
    write_text(folder / entry.file, "".join(_lines(log.rows, entry)))
    write_text(folder / "imports.json", json.dumps([asdict(one) for one in entries], indent=2) + "\n")
    if document is not None:
        write_text(folder / "study.yaml", document)
    study = None if document is None else str(folder / "study.yaml")
    return Imported(len(log.rows), log.model.base, log.model.adapter, entry.file, study)


def _entries(path: Path) -> list[_Entry]:
    if not path.exists():
        return []
    try:
        return [_Entry(**one) for one in json.loads(read_text(path, ResponsesError))]
    except (ValueError, TypeError, RecursionError):
        raise ResponsesError(f"{path}: is no list of imports; remove the folder and import again") from None


def _check_data(what: Import, log: Log) -> None:
    if is_file(what.task):
        raise StudyError(
            f"--task {what.task}: only tasks with a name can be imported to; for a task of your own write the study "
            f"by hand, with these files under `responses`"
        )
    kind = find_task(what.task)
    if kind is None:
        raise StudyError(
            f"--task {what.task}: unknown; choose one of {', '.join(TASKS)} (`assay tasks` lists them)"
        )
    if what.data is None:
        return
    examples = kind().read(what.data)
    match(
        Source(what.path, lambda _: iter(log.rows)),
        examples[: what.limit],
        examples[what.limit :] if what.limit else (),
    )


def _base_of(what: Import, log: Log, entries: list[_Entry]) -> str | None:
    """What the study calls the base of an adapter's log; None for a base's."""
    if log.model.adapter is None:
        if what.base or what.label:
            raise ResponsesError(
                f"{log.model.place}: names no adapter, so {what.subject!r} is a base and has no --base and no --label; "
                f'remove them, or state the adapter: `--model-args "pretrained=...,peft=..."`'
            )
        return None
    bases = list(dict.fromkeys(one.subject for one in entries if one.base is None))
    if what.base is None and len(bases) == 1:
        return bases[0]
    if what.base is None or what.base not in bases:
        found = f"is an adapter's log, and the bases here are: {', '.join(bases) or 'none yet'}"
        raise ResponsesError(f"{what.path}: {found}; import the base's log first, and name it with --base")
    return what.base


def _check_identity(what: Import, model: LoggedModel, base: str | None, entries: list[_Entry]) -> None:
    """One name one model, one model one name; an adapter's log was made on its base's model."""
    mine = (model.base, model.adapter)
    for one in entries:
        if one.subject == what.subject and (one.pretrained, one.peft) != mine:
            raise ResponsesError(
                f"{model.place}: is of {_words(*mine)}, and {what.subject!r} is {_words(one.pretrained, one.peft)} here "
                f"(from {one.source}); import it under another name, or remove {what.subject!r} from imports.json and the study"
            )
        if one.subject != what.subject and (one.pretrained, one.peft) == mine:
            raise ResponsesError(
                f"{model.place}: is of {_words(*mine)}, which is {one.subject!r} here; import it --as {one.subject}"
            )
    for one in entries:
        if one.subject == base:
            check_models(named_model(one.source, one.arguments), {what.subject: model})


def _words(base: str | None, adapter: str | None) -> str:
    return f"{adapter!r} on {base!r}" if adapter else f"the base {base!r} alone"


def _entry(what: Import, log: Log, base: str | None, folder: Path) -> _Entry:
    told = all(row.sent is not None for row in log.rows)
    source = what.path if what.path.is_file() else next(iter(sorted(what.path.rglob("samples_*.jsonl"))))
    return _Entry(
        what.subject,
        what.task,
        what.form,
        source.name,
        file_sha256(source),
        str(log.model.base),
        log.model.adapter,
        base,
        what.label,
        f"{file_name(what.subject)}/{file_name(what.task)}.jsonl",
        "lm-eval" if told else "jsonl",
        None if what.data is None else os.path.relpath(what.data.absolute(), folder.absolute()),
        what.limit,
        what.after,
    )


def _lines(rows: Sequence[Row], entry: _Entry) -> Iterator[str]:
    """In lm-eval's form where the prompt as sent is known, so that a run compares protocols; else in ours."""
    examples: dict[str, list[Row]] = {}
    for row in rows:
        examples.setdefault(name_of(row), []).append(row)
    for own in examples.values():
        own.sort(key=lambda row: row.sample)
        known = {
            name: value
            for name, value in (("key", own[0].key), ("prompt", own[0].prompt))
            if value is not None
        }
        if entry.format == "jsonl":
            lines: list[dict[str, Any]] = [
                known | {"sample": row.sample, "response": row.text} for row in own
            ]
        else:
            arguments = {"gen_args_0": {"arg_0": own[0].sent, "arg_1": json.loads(own[0].limits)}}
            lines = [{"doc": known, "arguments": arguments, "resps": [[row.text for row in own]]}]
        yield from (json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def _kept(folder: Path, entry: _Entry) -> Log:
    read = read_samples if entry.format == "lm-eval" else read_responses
    return Log(tuple(read(folder / entry.file)), named_model(entry.source, entry.arguments))


def _document(path: Path, run: Path, entries: list[_Entry]) -> str | None:
    """The study with these imports in it; what a user wrote there stays, but for comments. None: no adapter yet."""
    if not any(one.base for one in entries):
        return None
    data: dict[str, Any] = {
        "name": run.resolve().name or "imported",
        "bases": [],
        "adapters": [],
        "tasks": [],
    }
    if path.exists():
        load_study(path, check_files=False)
        found = parse(read_text(path, StudyError), path).data
        data = dict(found) if isinstance(found, dict) else data
    for one in entries:
        group = "adapters" if one.base else "bases"
        subjects = data.setdefault(group, [])
        subject = next((other for other in subjects if other.get("name") == one.subject), None)
        if subject is None:
            subject = {"name": one.subject}
            if one.base:
                subject |= {"base": one.base, "label": one.label or OPEN}
            subjects.append(subject)
        elif one.base and one.label:
            subject["label"] = one.label
        file: dict[str, Any] = {"path": one.file, "format": one.format}
        file |= {"model_args": one.arguments} if one.format == "lm-eval" else {}
        file |= {"after": one.after} if one.after else {}
        subject["responses"] = {**subject.get("responses", {}), one.task: file}
        _add_task(data.setdefault("tasks", []), one)
    return Study.from_dict(data, path.parent, check_files=False).text


def _add_task(tasks: list[dict[str, Any]], one: _Entry) -> None:
    task = next((other for other in tasks if other.get("name", other.get("task")) == one.task), None)
    if task is None:
        task = {"task": one.task}
        tasks.append(task)
    kind = find_task(one.task)
    said: Mapping[str, Any] = {kind.data_field if kind else "prompts": one.data, "limit": one.limit}
    task |= {name: value for name, value in said.items() if value is not None}
