"""An engine's options as a pydantic model, and errors with the field, its value and what it takes. It knows no engine.

class ToyOptions(Options):
    rows: int = Field(256, gt=0, title="a whole number above 0")

read_options(ToyOptions, settings.options)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from assay.errors import EngineError, Place

__all__ = ["COUNT", "FLAG", "Options", "check_choice", "read_options"]

COUNT = "a whole number above 0"
FLAG = "true or false"


class Options(BaseModel):
    """What a study decides about an engine; each field's title says what it takes."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)


_Model = TypeVar("_Model", bound=Options)


def read_options(
    model: type[_Model], values: Mapping[str, Any], within: tuple[str, ...] = ("engine", "options")
) -> _Model:
    """The options, checked. Raises EngineError naming the field, under `within`, and what it may be."""
    try:
        return model.model_validate(dict(values))
    except ValidationError as bad:
        error = bad.errors(include_url=False)[0]
    name = str(error["loc"][0])
    place = Place.of(*within, name)
    if error["type"] == "extra_forbidden":
        close = get_close_matches(name, model.model_fields, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        known = ", ".join(model.model_fields)
        raise EngineError("no such option", place=place, fix=f"{hint}there are {known}")
    takes = model.model_fields[name].title or error["msg"]
    raise EngineError(repr(values[name]), place=place, fix=f"write {takes}")


def check_choice(field: str, value: str, known: Sequence[str]) -> str:
    """The value of a field of `engine`. Raises EngineError if it is none of these."""
    if value not in known:
        raise EngineError(
            f"{value!r} is unknown", place=Place.of("engine", field), fix=f"choose one of {', '.join(known)}"
        )
    return value
