"""JSON Schema of a type, with the docstrings of its fields as descriptions. It knows no study and no result.

json_schema(Form, "assay study")["properties"]["margin"]["description"]     # "The smallest gain that matters."
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from functools import cache
from typing import Any, Literal

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

__all__ = ["field_docs", "json_schema"]

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(
    form: Any, title: str, mode: Literal["validation", "serialization"] = "validation"
) -> dict[str, Any]:
    """Of what is read (`validation`), or of what is written (`serialization`)."""
    document = TypeAdapter(form).json_schema(mode=mode, schema_generator=_Described)
    return {"$schema": DIALECT, **document, "title": title}


@cache
def field_docs(kind: type) -> dict[str, str]:
    """The docstring of each field of a dataclass or a model: the text below it."""
    docs: dict[str, str] = {}
    for part in reversed(kind.__mro__):
        if part.__module__.partition(".")[0] == kind.__module__.partition(".")[0]:
            docs |= _own_docs(part)
    return docs


def _own_docs(kind: type) -> dict[str, str]:
    definition = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    assert isinstance(definition, ast.ClassDef)  # noqa: S101 - what inspect finds for a class
    docs: dict[str, str] = {}
    for field, below in zip(definition.body, definition.body[1:], strict=False):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                docs[name] = " ".join(text.split())
    return docs


class _Described(GenerateJsonSchema):
    """Adds the docstrings of fields, and no titles that only repeat a field's name."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        return False

    def model_schema(self, schema: Any) -> dict[str, Any]:
        return _described(super().model_schema(schema), schema["cls"])

    def dataclass_schema(self, schema: Any) -> dict[str, Any]:
        return _described(super().dataclass_schema(schema), schema["cls"])


def _described(document: dict[str, Any], kind: type) -> dict[str, Any]:
    for name, text in field_docs(kind).items():
        if name in document.get("properties", {}):
            document["properties"][name].setdefault("description", text)
    return document
