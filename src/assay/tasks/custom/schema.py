"""The check `json_schema`: the response is JSON, and as a schema says. Needs the library jsonschema.

The JSON is the whole response, or the one block between ``` in it. NaN, infinity and a key that
occurs twice are not JSON. A `$ref` to another place is refused: nothing is fetched. `format` is not checked, which
the standard permits.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from assay.errors import TaskError
from assay.tasks.custom.check import Check, Values, verdict
from assay.tasks.data_file import Row, shown
from assay.tasks.task import Metric, Score

__all__ = ["Schema", "json_of", "load_json"]

_BLOCK = re.compile(r"^[ \t]*```[^\n`]*\n(.*?)^[ \t]*```[ \t]*$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Schema(Check):
    """The response is JSON that the schema in the task's file, or in its row, allows."""

    name: str | None = None
    """Of the schema's file; None: each row has its own."""
    text: str = ""
    """Of that file."""
    _validators: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)
    """Validators by the text of their schema."""

    @property
    def identity(self) -> Any:
        """The schema's text."""
        return ["json_schema", self.name and hashlib.sha256(self.text.encode()).hexdigest()]

    @property
    def sources(self) -> Mapping[str, str]:
        """The schema's file."""
        return {self.name: self.text} if self.name else {}

    def metrics(self, name: str) -> tuple[Metric, ...]:
        """Whether it is as the schema says, and whether it is JSON at all."""
        return (
            Metric(name, "binary", f"{name}, by a JSON Schema", extracted_by="parsed"),
            Metric("parsed", "binary", "responses that are JSON"),
        )

    def require(self) -> None:
        """Load jsonschema, and the schema of the task's file."""
        _library()
        if self.name and (why := self._unusable(self.text)):
            raise TaskError(why, place=self.name, fix="correct it")

    def validate(self, row: Row) -> None:
        """Without a schema in the task's file each row needs its own."""
        if self.name:
            return
        if not isinstance(row.values.get("schema"), dict):
            raise row.wrong("schema", "write a JSON Schema, an object, or give the check a file")
        if why := self._unusable(json.dumps(row.values["schema"], sort_keys=True)):
            raise row.error(why, "correct it")

    def judge(self, row: Values, response: str) -> Score:
        """Find the JSON, then validate it."""
        try:
            value = json_of(response)
        except ValueError as bad:
            return verdict(str(bad), answered=False)
        validator = self._validator(self.text if self.name else json.dumps(row["schema"], sort_keys=True))
        try:
            errors = sorted(validator.iter_errors(value), key=lambda error: [*map(str, error.absolute_path)])
        except RecursionError:
            return verdict("nested too deep", answered=True)
        except Exception as bad:
            raise TaskError(
                f"cannot be applied ({shown(str(bad), 200)})", place=self.name or "schema"
            ) from bad
        if not errors:
            return verdict(None, answered=True)
        place = "".join(f"[{part!r}]" for part in errors[0].absolute_path)
        return verdict(f"{place or 'the value'}: {errors[0].message[:200]}", answered=True)

    def _unusable(self, text: str) -> str:
        """Why a schema cannot be used; empty where it can."""
        try:
            self._validator(text)
        except ValueError as bad:
            return f"is no JSON Schema ({str(bad)[:200]})"
        return ""

    def _validator(self, text: str) -> Any:
        """The validator of a schema, made once. Raises ValueError for what is no schema."""
        if text not in self._validators:
            jsonschema, referencing = _library()
            schema = load_json(text)
            if not isinstance(schema, dict | bool):
                raise ValueError("an object is expected")
            kind = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
            try:
                kind.check_schema(schema)
            except jsonschema.SchemaError as bad:
                place = "".join(f"[{part!r}]" for part in bad.absolute_path)
                raise ValueError(f"{place}: {bad.message}" if place else bad.message) from None
            if outside := next(_outside(schema), None):
                raise ValueError(f"`$ref` to {outside}, and nothing is fetched: write that schema out here")
            self._validators[text] = kind(schema, registry=referencing.Registry())
        return self._validators[text]


def json_of(response: str) -> Any:
    """The JSON value that a response is, or holds in its only block between ```. Raises ValueError."""
    try:
        return load_json(response)
    except ValueError as bad:
        blocks = _BLOCK.findall(response)
        if len(blocks) != 1:
            also = f", and it holds {len(blocks)} blocks between ```" if blocks else ""
            raise ValueError(f"no JSON: {bad}{also}") from None
    try:
        return load_json(blocks[0])
    except ValueError as bad:
        raise ValueError(f"no JSON in its block: {bad}") from None


def load_json(text: str) -> Any:
    """A JSON text's value. Raises ValueError for NaN, infinity, a key that occurs twice, or endless nesting."""

    def refuse(constant: str) -> NoReturn:
        raise ValueError(f"{constant} is not a JSON number")

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(pairs)
        if len(value) < len(pairs):
            raise ValueError("one key occurs twice")
        return value

    try:
        return json.loads(text, parse_constant=refuse, object_pairs_hook=once)
    except RecursionError:
        raise ValueError("nested too deep") from None


def _outside(schema: Any) -> Any:
    """Every `$ref` in a schema that leads out of it."""
    if isinstance(schema, dict):
        for key, value in schema.items():
            if key in ("$ref", "$dynamicRef") and isinstance(value, str) and not value.startswith("#"):
                yield value
            yield from _outside(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _outside(value)


def _library() -> tuple[Any, Any]:
    try:
        import jsonschema
        import referencing
    except ImportError:
        raise TaskError(
            "the check `json_schema` needs jsonschema, which is not installed",
            fix="`pip install 'lora-assay[schema]'`",
        ) from None
    return jsonschema, referencing
