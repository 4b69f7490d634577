"""Types of the fields that people write, and their checks: names, lines of text, metrics, addresses.

Error messages use the words of a study's author; `assay.study` adds file and line.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator
from pydantic_core import PydanticCustomError, core_schema

__all__ = [
    "ONE",
    "Cut",
    "Digest",
    "Fields",
    "Free",
    "Line",
    "Listed",
    "Margin",
    "MetricText",
    "Name",
    "Odd",
    "Scalar",
    "Scale",
    "Seed",
    "Setting",
    "Shorthand",
    "Url",
    "Variable",
    "checked_line",
    "checked_name",
    "fault",
    "listed",
    "wrapped",
]

Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Odd:
    """A bare word that YAML readers do not agree about."""

    text: str
    """As written."""
    reading: str
    """What YAML makes of it: `a date`."""


def fault(text: str, fix: str = "") -> PydanticCustomError:
    """An error in the words of a study's author: what was found, and the fix."""
    message = "{text}; {fix}" if fix else "{text}"
    return PydanticCustomError("fault", message, {"text": text, "fix": fix})


def checked_name(text: str) -> str:
    """The text, if it can name something in a study and in a folder of results."""
    if not text or text != text.strip():
        raise fault("empty, or with a space at an end", "write a name, as in `qa-1000`")
    if bad := next((c for c in text if c == "/" or not c.isprintable()), None):
        what = "a `/`" if bad == "/" else f"the invisible or control character U+{ord(bad):04X}"
        raise fault(f"{what} in a name", "remove it")
    return text


def checked_line(text: str) -> str:
    """The text, if it is one line and not empty."""
    if not text.strip():
        raise fault("empty", "fill it in or remove the line")
    if bad := next((c for c in text if unicodedata.category(c) == "Cc"), None):
        raise fault(f"the control character U+{ord(bad):04X}", "remove it")
    return text


def _metric(text: str) -> str:
    task, _, metric = checked_name(text).rpartition(".")
    if not task or not metric:
        raise fault(f'"{text}" is not a metric', "write task and metric, as in `ifeval.prompt_strict`")
    return text


def _url(text: str) -> str:
    """An address without secrets; an error never repeats it."""
    try:
        parts = urlsplit(text)
        bare = parts.username is None and parts.password is None and not parts.query and not parts.fragment
        there = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        bare, there = True, False
    if not bare:
        raise fault(
            "a name, a password or a query in an address; put the key into a variable, `key_env: NAME`"
        )
    if not there or any(c.isspace() or not c.isprintable() for c in text):
        raise fault("no address of a server", "write it as in `http://localhost:8000`")
    return text.rstrip("/")


def _variable(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", text):
        raise fault(
            "not the name of an environment variable; write the name, as in `SERVER_KEY`, not the key"
        )
    return text


def _digest(text: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{7,64}", text):
        raise fault(
            f'"{text}" is neither a commit nor a digest',
            "write 7 to 64 of its hexadecimal digits, in small letters and quotes; a branch or tag may move",
        )
    return text


def _plain(value: Any) -> Any:
    """Any data that JSON can hold."""
    match value:
        case Odd():
            raise fault(f"`{value.text}`, which YAML reads as {value.reading}", f'quote it: "{value.text}"')
        case float() if not math.isfinite(value):
            raise fault("not a finite number", "write a number, or quote it")
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case list():
            return [_plain(item) for item in value]
        case _:
            return value


def _scalar(value: Any) -> Any:
    if isinstance(value, dict | list):
        raise fault("a list or mapping", "a setting is one number or one text")
    return _plain(value)


@dataclass(frozen=True, slots=True)
class Shorthand:
    """A second way to write a field: how it is written out, and its JSON Schema from that of the field."""

    expand: Callable[[Any], Any]
    """Returns what is written out as it is."""
    short: Callable[[dict[str, Any]], dict[str, Any]]
    """The schema of the second way."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        return core_schema.no_info_before_validator_function(self.expand, handler(source))

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        whole = handler(schema)
        return {"anyOf": [self.short(handler.resolve_ref_schema(whole)), whole]}


def wrapped(field: str) -> Shorthand:
    """A bare text is short for a mapping with this one field."""

    def short(whole: dict[str, Any]) -> dict[str, Any]:
        return {
            key: value
            for key, value in whole["properties"][field].items()
            if key not in ("default", "description")
        }

    return Shorthand(lambda value: {field: value} if isinstance(value, str) else value, short)


def listed(value: Any) -> Any:
    """A list as it is, anything else as a list of one."""
    return value if isinstance(value, list) else [value]


ONE = Shorthand(listed, lambda several: several["items"])
"""A value is short for a list of one."""
Name = Annotated[str, AfterValidator(checked_name)]
Line = Annotated[str, AfterValidator(checked_line)]
MetricText = Annotated[str, AfterValidator(_metric)]
Url = Annotated[str, AfterValidator(_url)]
Variable = Annotated[str, AfterValidator(_variable)]
Digest = Annotated[str, AfterValidator(_digest)]
Setting = Annotated[Scalar, PlainValidator(_scalar)]
Free = Annotated[Any, PlainValidator(_plain)]
Cut = Annotated[str, Field(min_length=1)]
Margin = Annotated[float, Field(ge=1e-4, lt=1)]
Scale = Annotated[float, Field(gt=0, le=100)]
Seed = Annotated[int, Field(ge=0)]
Listed = Field(strict=False, min_length=1)  # strict pydantic wants a tuple where YAML gives a list


class Fields(BaseModel):
    """A strict, frozen model: no other fields, and each of exactly its type."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)
