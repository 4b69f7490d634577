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
    """A few-shot example, shown before the question if the study asks for it."""

    prompt: Annotated[str, Field(min_length=1)]
    """As in a row of the prompt file."""
    response: Annotated[str, Field(min_length=1)]
    """A right response."""


class CustomForm(Fields):
    """All fields of a custom task's file."""

    capability: Name
    """What the task measures; adapters with this label claim a gain on it."""
    prompts: Line
    """The prompt file: JSONL with `prompt`, optional `key`, and the fields that the check needs; relative to this file."""
    check: Annotated[Any, PlainValidator(lambda value: value)]
    """The check: its kind alone, or the kind with its options, `kind: options`."""
    metric: Annotated[Name, AfterValidator(_metric)] = "passed"
    """The name of the primary metric."""
    max_tokens: Annotated[int, Field(gt=0)] = 1024
    """The largest number of tokens in a response."""
    stop: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], _Several, _ONE] = ()
    """Without a chat template, a response ends before the first of these texts."""
    plain: Annotated[str, AfterValidator(_plain)] = "{prompt}\n"
    """The text that is sent if there is no chat template."""
    shots: Annotated[tuple[Any, ...], _Several] = ()
    """Few-shot examples: without a chat template all are used, with one none, unless the study sets `shots`."""


class ExactOptions(Fields):
    """The response equals the answer."""

    field: Name = "answer"
    """The field of a row with the right answer, or with a list of right answers."""
    ignore: Ignored = ()
    """`case`, `space`: what may differ."""


class ContainsOptions(Fields):
    """The response contains some texts. Each list may be here, in the rows of the prompt file, or in both."""

    all: Texts = ()
    """Texts that must all be there."""
    any: Texts = ()
    """Texts, at least one of which must be there."""
    none: Texts = ()
    """Texts that must not be there."""
    words: bool = False
    """Look for whole words only."""
    ignore: Ignored = ()
    """`case`, `space`: what may differ."""


class RegexOptions(Fields):
    """The response matches a regular expression of the library `regex`, which includes the syntax of `re`."""

    pattern: Annotated[Line, AfterValidator(_pattern)] | None = None
    """The pattern; by default the row's `pattern`."""
    whole: bool = False
    """The pattern must match the whole response, not only a part of it."""
    ignore: CaseIgnored = ()
    """`case`: upper and lower case may differ."""


class NumericOptions(Fields):
    """The number in the response is the right one."""

    field: Name = "answer"
    """The field of a row with the right number."""
    read: Literal["last", "stated"] = "last"
    """The last number of the response, or the one that it states as its answer (`#### 5`, `the answer is 5`)."""
    tolerance: Annotated[float, Field(ge=0)] = 0.0
    """The largest difference that is still right."""


class SchemaOptions(Fields):
    """The response is JSON that matches a schema."""

    file: Annotated[Line, AfterValidator(_beside)] | None = None
    """The file of a JSON Schema beside the task's file; by default the row's `schema`."""


class PythonOptions(Fields):
    """A Python function decides."""

    function: Annotated[Line, AfterValidator(_reference)]
    """The function: `check.py:judge` for a file beside the task's file, or `package.module:judge`."""
    out_of: Annotated[int | str, PlainValidator(_out_of)] | None = None
    """The points that a response can get, or the field of a row with that number; by default the function returns pass or fail."""


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
