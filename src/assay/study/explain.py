"""pydantic's errors in the words of a study's author. It knows no field of a study."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError

from assay.plan import Decoding, EngineSettings, JudgeSettings, Policy
from assay.study.document import Document, Place, Problem
from assay.study.form import (
    Adapter,
    Base,
    ClaimEntry,
    Form,
    ResponseFile,
    TaskEntry,
)

__all__ = ["NO_FIELD", "did_you_mean", "explain"]

NO_FIELD = "no such field"

_SECTIONS: dict[str | int, type[BaseModel]] = {
    "adapters": Adapter,
    "bases": Base,
    "claims": ClaimEntry,
    "decoding": Decoding,
    "engine": EngineSettings,
    "gate": Policy,
    "judge": JudgeSettings,
    "tasks": TaskEntry,
}
_EMPTY = "empty"
_EXPECTED = {
    "string_type": "a text is expected",
    "int_type": "a whole number is expected",
    "int_from_float": "a whole number is expected",
    "float_type": "a number is expected",
    "finite_number": "a finite number is expected",
    "tuple_type": "a list is expected",
    "mapping_type": "a mapping of `field: value` is expected",
    "model_type": "a mapping of `field: value` is expected",
}
_FIXES = {
    "string_type": "write a text",
    "int_type": "write plain digits, without quotes",
    "int_from_float": "write plain digits, without quotes",
    "float_type": "write plain digits, without quotes",
    "tuple_type": "begin each item with `- `",
}
_BOUNDS = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}


def did_you_mean(word: str, known: Iterable[str], more: str = "") -> str:
    """`did you mean "ifeval"?`, or nothing; and `more` behind it."""
    close = get_close_matches(word, list(known), n=1)
    if not close:
        return more
    return f'did you mean "{close[0]}"?' + (f" {more[0].upper()}{more[1:]}" if more else "")


def explain(error: ValidationError, document: Document, model: type[BaseModel] = Form) -> list[Problem]:
    """Each error as a Problem at its place in the document, which holds the fields of `model`."""
    faults = error.errors(include_url=False, include_input=False)
    problems = [
        _problem(fault["type"], fault.get("ctx", {}), fault["msg"], fault["loc"], document, model)
        for fault in faults
        if fault["type"] != "default_factory_not_called"  # follows from another fault
    ]
    # A list whose items are all bad is "too short" to pydantic as well.
    return [problem for problem in problems if problem.text != _EMPTY or not document.value(problem.place)]


def _problem(
    kind: str, context: dict[str, Any], message: str, loc: Place, document: Document, model: type[BaseModel]
) -> Problem:
    if kind == "missing":
        return Problem(loc, "missing", "add it")
    if kind == "extra_forbidden":
        known = tuple(_fields(loc, model))
        more = did_you_mean(str(loc[-1]), known, f"fields here: {', '.join(known)}")
        return Problem(loc, NO_FIELD, more)
    place = document.held(loc)  # pydantic adds steps of its own: `.metric` of a bare text
    if kind == "fault":
        return Problem(place, context["text"], context["fix"])
    if kind in ("too_short", "string_too_short"):
        return Problem(place, _EMPTY, "give at least one, or remove the line")
    if document.value(place) is None:
        return Problem(place, "nothing is written here", "fill it in or remove the line")
    expected, fix = _expected(kind, context, message), _fix(kind, context, place, document)
    return Problem(place, f"{expected}, found {document.found(place)}", fix)


def _expected(kind: str, context: dict[str, Any], message: str) -> str:
    if kind in _EXPECTED:
        return _EXPECTED[kind]
    if kind in _BOUNDS:
        key, bound = _BOUNDS[kind]
        return f"{bound} {context[key]:g} is expected"
    if kind in ("literal_error", "enum"):
        return f"one of {', '.join(_choices(context))} is expected"
    return message


def _fix(kind: str, context: dict[str, Any], place: Place, document: Document) -> str:
    value = document.value(place)
    if kind == "string_type" and place in document.raw:
        return f'quote it: "{document.raw[place]}"'
    if kind in ("literal_error", "enum") and isinstance(value, str):
        return did_you_mean(value, _choices(context))
    return _FIXES.get(kind, "")


def _choices(context: dict[str, Any]) -> list[str]:
    """pydantic says: 'gains' or 'keeps'."""
    return str(context["expected"]).replace("'", "").replace(" or ", ", ").split(", ")


def _fields(loc: Place, model: type[BaseModel]) -> Iterable[str]:
    if len(loc) > 1:
        model = ResponseFile if "responses" in loc[:-1] else _SECTIONS.get(loc[0], Form)
    return model.model_fields
