"""Reads a custom task's file into a class of task, and refuses a task that could not be measured.

It knows no response."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError

from assay.errors import AssayError, StudyError
from assay.files import read_text
from assay.study.document import Document, Place, Problem
from assay.study.explain import did_you_mean, explain
from assay.study.strict import parse
from assay.tasks.custom.answers import Contains, Exact, NumericAnswer, Pattern
from assay.tasks.custom.check import Check
from assay.tasks.custom.form import BARE, OPTIONS, CustomForm, Shot
from assay.tasks.custom.python import Python, source_of
from assay.tasks.custom.schema import Schema, load_json
from assay.tasks.custom.task import CustomTask, task_class

__all__ = ["read_task"]

_Model = TypeVar("_Model", bound=BaseModel)


def read_task(path: Path) -> type[CustomTask]:
    """The task in a file. Raises StudyError: a line a problem, each with file, line, field and fix."""
    document = parse(read_text(path, StudyError), path)
    if not isinstance(document.data, dict):
        given = document.found(())
        document.refuse([Problem((), f"a task is a mapping, `capability: ...`, `check: ...`; found {given}")])
    form = _valid(CustomForm, document, (), document.data)
    shots = tuple(_valid(Shot, document, ("shots", index), shot) for index, shot in enumerate(form.shots))
    task = task_class(path, form, shots, _check(document, path.parent), document.text)
    task.places = {field: str(document.locate(field)) for field in ("prompts", "check")}
    return task


def _check(document: Document, folder: Path) -> Check:
    """The check that the file names, with what it reads from beside it."""
    kind, options, place = _named(document)
    if kind not in OPTIONS:
        known = f"kinds of check: {', '.join(OPTIONS)}"
        _refuse(document, ("check",), f'no check "{kind}"', did_you_mean(kind, OPTIONS, known))
    if isinstance(options, str) and kind in BARE:
        options = {BARE[kind]: options}
    valid: Any = _valid(OPTIONS[kind], document, place, options)
    match kind:
        case "exact":
            return Exact(valid)
        case "contains":
            return Contains(valid)
        case "regex":
            return Pattern(valid)
        case "numeric":
            return NumericAnswer(valid)
        case "json_schema":
            return (
                Schema(valid.file, _beside(document, place, folder / valid.file, True))
                if valid.file
                else Schema()
            )
    try:
        source = source_of(valid.function, folder)
    except AssayError as bad:
        _refuse(document, place, bad.message, bad.fix)
    return Python(valid, _beside(document, place, source), source)


def _named(document: Document) -> tuple[str, Any, Place]:
    """Kind and options of the check, and the place of the options."""
    value = document.data["check"]
    if isinstance(value, str):
        return value, {}, ("check",)
    if not isinstance(value, dict) or len(value) != 1:
        given = f"{len(value)} of them" if isinstance(value, dict) else document.found(("check",))
        _refuse(document, ("check",), f"one kind of check is expected, as in `check: exact`, found {given}")
    ((kind, options),) = value.items()
    return str(kind), {} if options is None else options, ("check", kind)


def _beside(document: Document, place: Place, path: Path, as_json: bool = False) -> str:
    """The text of a file that the check needs."""
    try:
        text = read_text(path, StudyError)
    except AssayError as bad:
        _refuse(document, place, str(bad))
    if as_json:
        try:
            load_json(text)
        except ValueError as bad:
            _refuse(document, place, f"{path}: not JSON ({bad})", "correct it")
    return text


def _valid(model: type[_Model], document: Document, place: Place, data: Any) -> _Model:
    """The fields at a place of the file."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        part = Document(
            document.text, document.path, data, _under(place, document.lines), _under(place, document.raw)
        )
        part.lines.setdefault((), 1)
        problems = explain(error, part, model)
        document.refuse([problem._replace(place=(*place, *problem.place)) for problem in problems])


def _under(place: Place, known: Mapping[Place, Any]) -> dict[Place, Any]:
    return {where[len(place) :]: what for where, what in known.items() if where[: len(place)] == place}


def _refuse(document: Document, place: Place, text: str, fix: str = "") -> NoReturn:
    document.refuse([Problem(place, text, fix)])
