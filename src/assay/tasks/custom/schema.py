"""The check `json_schema`: the response is JSON, and as a schema says. Needs the library jsonschema.

The JSON is the whole response, or the one block between ``` in it. NaN, infinity and a key that
stands twice are no JSON. A `$ref` to another place is refused: nothing is fetched. Words of `format`
are not checked, as the standard leaves it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from assay.errors import TaskError
from assay.tasks.custom.check import Check, Row, judged, shown
from assay.tasks.task import Metric, Score

__all__ = ["Schema", "json_of", "load_json"]

MISSING = (
    "the check `json_schema` needs jsonschema, which is not installed; `pip install 'lora-assay[schema]'`"
)
_BLOCK = re.compile(r"^[ \t]*```[^\n`]*\n(.*?)^[ \t]*```[ \t]*$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Schema(Check):
    """The response is JSON that the schema in the task's file, or in its row, allows."""

    name: str | None = None
    """Of the schema's file; None: each row has its own."""
    text: str = ""
    """Of that file."""
    _made: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)
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
            raise TaskError(f"{self.name}: {why}")

    def refusal(self, row: Row) -> str:
        """Without a schema in the task's file each row needs its own."""
        if self.name:
            return ""
        if not isinstance(row.get("schema"), dict):
            found = shown(row["schema"]) if "schema" in row else "missing"
            return f"`schema` is {found}; write a JSON Schema, an object, or give the check a file"
        return self._unusable(json.dumps(row["schema"], sort_keys=True))

    def judge(self, row: Row, response: str) -> Score:
        """Find the JSON, then validate it."""
        try:
            value = json_of(response)
        except ValueError as bad:
            return judged(str(bad), found=False)
        validator = self._validator(self.text if self.name else json.dumps(row["schema"], sort_keys=True))
        try:
            faults = sorted(validator.iter_errors(value), key=lambda fault: [*map(str, fault.absolute_path)])
        except RecursionError:
            return judged("nested too deep", found=True)
        except Exception as bad:
            raise TaskError(f"{self.name or 'schema'}: cannot be applied ({shown(str(bad), 200)})") from bad
        if not faults:
            return judged(None, found=True)
        place = "".join(f"[{part!r}]" for part in faults[0].absolute_path)
        return judged(f"{place or 'the value'}: {faults[0].message[:200]}", found=True)

    def _unusable(self, text: str) -> str:
        """Why a schema cannot be used; empty where it can."""
        try:
            self._validator(text)
        except ValueError as bad:
            return f"is no JSON Schema ({str(bad)[:200]}); mend it"
        return ""

    def _validator(self, text: str) -> Any:
        """The validator of a schema, made once. Raises ValueError for what is no schema."""
        if text not in self._made:
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
            self._made[text] = kind(schema, registry=referencing.Registry())
        return self._made[text]


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
    """A JSON text's value. Raises ValueError for NaN, infinity, a key that stands twice, or endless nesting."""

    def refuse(constant: str) -> NoReturn:
        raise ValueError(f"{constant} is not a JSON number")

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            raise ValueError("one key stands twice")
        return found

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
        raise TaskError(MISSING) from None
    return jsonschema, referencing
