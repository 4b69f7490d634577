"""The fields of a custom task's file, and of each kind of check. It knows no row and no response."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, PlainValidator

from assay.plan.fields import Fields, Line, Name, Shorthand, fault

__all__ = [
    "BARE",
    "OPTIONS",
    "ContainsOptions",
    "CustomForm",
    "ExactOptions",
    "NumericOptions",
    "PythonOptions",
    "RegexOptions",
    "SchemaOptions",
    "Shot",
]

REFERENCE = re.compile(r"(?:[^/\\:\s][^/\\:]*\.py|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):[A-Za-z_]\w*")


def _metric(text: str) -> str:
    if "." in text or text in ("found", "parsed"):
        raise fault(
            f'"{text}" cannot name a metric here', "write another word without a point, as in `passed`"
        )
    return text


def _plain(text: str) -> str:
    if text.count("{prompt}") != 1:
        raise fault(
            'the text around a prompt has `{prompt}` in it, once, as in "Question: {prompt}\\nAnswer:"'
        )
    return text


def _pattern(text: str) -> str:
    import regex  # late, for it is slow

    try:
        regex.compile(text)
    except regex.error as bad:
        raise fault(f"no regular expression ({bad})", "correct it, and write it in single quotes") from None
    return text


def _reference(text: str) -> str:
    if not REFERENCE.fullmatch(text):
        raise fault(
            f'"{text}" names no function; write `check.py:judge`, a file beside this one, or '
            f"`package.module:judge`"
        )
    return text


def _beside(text: str) -> str:
    if "/" in text or "\\" in text:
        raise fault(f'"{text}" is in another folder', "keep the file beside this one")
    return text


def _out_of(value: Any) -> int | str:
    if isinstance(value, str) and value.strip():
        return value
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    raise fault("a whole number above 0 is expected, or the field of a row that holds one")


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


_ONE = Shorthand(_listed, lambda several: several["items"])
_Several = Field(strict=False)  # strict pydantic wants a tuple where YAML gives a list
Texts = Annotated[tuple[Line, ...], _Several, _ONE]
Ignored = Annotated[tuple[Literal["case", "space"], ...], _Several, _ONE]
CaseIgnored = Annotated[tuple[Literal["case"], ...], _Several, _ONE]


class Shot(Fields):
    """A worked example, shown before the question where a study asks for it."""

    prompt: Annotated[str, Field(min_length=1)]
    """As in a row of the prompt file."""
    response: Annotated[str, Field(min_length=1)]
    """A right response."""


class CustomForm(Fields):
    """All fields of a custom task's file."""

    capability: Name
    """What it is about; a label of this name claims a gain here by default."""
    prompts: Line
    """JSONL of `prompt`, optional `key`, and what the check needs; relative to this file."""
    check: Annotated[Any, PlainValidator(lambda value: value)]
    """A kind of check, or `kind: options`."""
    metric: Annotated[Name, AfterValidator(_metric)] = "passed"
    """What the primary metric is called."""
    max_tokens: Annotated[int, Field(gt=0)] = 1024
    """Longest response."""
    stop: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], _Several, _ONE] = ()
    """A response ends before the first of these texts, without a chat template."""
    plain: Annotated[str, AfterValidator(_plain)] = "{prompt}\n"
    """What is sent without a chat template."""
    shots: Annotated[tuple[Any, ...], _Several] = ()
    """Worked examples: all of them without a chat template, none with one, unless a study says otherwise."""


class ExactOptions(Fields):
    """Of `exact`."""

    field: Name = "answer"
    """The field of a row with the right answer, or a list of right ones."""
    ignore: Ignored = ()
    """`case`, `space`: what may differ."""


class ContainsOptions(Fields):
    """Of `contains`; each list may stand in a row instead, or both."""

    all: Texts = ()
    """Texts that must all be there."""
    any: Texts = ()
    """Texts of which one must be there."""
    none: Texts = ()
    """Texts of which none may be there."""
    words: bool = False
    """Look for whole words only."""
    ignore: Ignored = ()
    """`case`, `space`: what may differ."""


class RegexOptions(Fields):
    """Of `regex`, in the dialect of the library `regex`, which holds that of `re`."""

    pattern: Annotated[Line, AfterValidator(_pattern)] | None = None
    """A row's `pattern` where this is not given."""
    whole: bool = False
    """It must match all of the response, not only be found in it."""
    ignore: CaseIgnored = ()
    """`case`: whether it may differ."""


class NumericOptions(Fields):
    """Of `numeric`."""

    field: Name = "answer"
    """The field of a row with the right number."""
    read: Literal["last", "stated"] = "last"
    """The last number of the response, or the one that it states as its answer (`#### 5`, `the answer is 5`)."""
    tolerance: Annotated[float, Field(ge=0)] = 0.0
    """The largest difference that is still right."""


class SchemaOptions(Fields):
    """Of `json_schema`."""

    file: Annotated[Line, AfterValidator(_beside)] | None = None
    """A JSON Schema beside the task's file; a row's `schema` where this is not given."""


class PythonOptions(Fields):
    """Of `python`."""

    function: Annotated[Line, AfterValidator(_reference)]
    """`check.py:judge`, a file beside the task's, or `package.module:judge`."""
    out_of: Annotated[int | str, PlainValidator(_out_of)] | None = None
    """Points a response can get, or the field of a row that says; without it the function says pass or fail."""


OPTIONS: Mapping[str, type[Fields]] = {
    "exact": ExactOptions,
    "contains": ContainsOptions,
    "regex": RegexOptions,
    "numeric": NumericOptions,
    "json_schema": SchemaOptions,
    "python": PythonOptions,
}
"""Kinds of check, and the options of each."""
BARE = {"regex": "pattern", "json_schema": "file", "python": "function"}
"""The option that a bare text stands for."""
