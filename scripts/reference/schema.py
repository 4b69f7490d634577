"""Tables of fields from a JSON Schema: a section for each kind of entry. It knows no page."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Section", "fields", "sections", "table"]

JsonSchema = Mapping[str, Any]
PREFIX = "#/$defs/"
BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
PLAIN = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}


@dataclass(frozen=True, slots=True)
class Section:
    """One kind of entry: a mapping with fields."""

    title: str
    """The field under which it comes; empty for the document itself."""
    schema: JsonSchema
    links: Mapping[str, str] = field(default_factory=dict)
    """Title and address of every kind of entry, by the name of its definition."""
    written: bool = False
    """A file that is written, not read: no defaults, and null is a value."""

    def __str__(self) -> str:
        heading = f"## `{self.title}`\n\n" if self.title else ""
        table_ = fields(self.schema, self.links, self.written)
        return f"{heading}{self.schema.get('description', '')}\n\n{table_}"


def sections(
    schema: JsonSchema, elsewhere: Mapping[str, str] | None = None, written: bool = False
) -> list[Section]:
    """The document and every kind of entry in it, in the order of their fields; those `elsewhere` have only a link."""
    titles = dict(_titles(schema, elsewhere or {}))
    links = {name: f"[`{title}`](#{_slug(title)})" for name, title in titles.items()} | dict(elsewhere or {})
    entries = [("", schema), *((title, schema["$defs"][name]) for name, title in titles.items())]
    return [Section(title, entry, links, written) for title, entry in entries]


def _titles(schema: JsonSchema, elsewhere: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Each definition with fields and the field that leads to it first, broadest first."""
    waiting: list[tuple[str, JsonSchema]] = [("", schema)]
    seen, taken = set(elsewhere), set[str]()
    while waiting:
        above, entry = waiting.pop(0)
        for name, value in entry.get("properties", {}).items():
            for definition in _references(value):
                if definition in seen or "properties" not in schema["$defs"][definition]:
                    continue
                title = name if name not in taken else f"{above}.{name}"
                seen.add(definition)
                taken.add(title)
                yield definition, title
                waiting.append((title, schema["$defs"][definition]))


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if "$ref" in value:
            yield value["$ref"].removeprefix(PREFIX)
        for part in value.values():
            yield from _references(part)
    elif isinstance(value, list):
        for part in value:
            yield from _references(part)


def _slug(title: str) -> str:
    return title.replace(".", "").lower()


def fields(schema: JsonSchema, links: Mapping[str, str], written: bool = False) -> str:
    """A row for each field: its value, its default, its meaning. Raises ValueError where a field has no docstring."""
    required = schema.get("required", ())
    rows = []
    for name, value in schema.get("properties", {}).items():
        if not value.get("description"):
            raise ValueError(f"{schema.get('title')}.{name} has no docstring: write one below the field")
        default = "required" if name in required else _default(value)
        words = _words(value, links) + (" or null" if written and _nullable(value) else "")
        rows.append((f"`{name}`", words, "" if written else default, value["description"]))
    return table(("field", "value", "default", "meaning"), rows)


def _nullable(value: JsonSchema) -> bool:
    return any(part.get("type") == "null" for part in value.get("anyOf", ()))


def _default(value: JsonSchema) -> str:
    default = value.get("default")
    if default in (None, "", [], {}) or isinstance(default, dict):
        return ""
    if isinstance(default, list) and len(default) == 1 and "anyOf" in value:
        (default,) = default[0] if isinstance(default[0], list) else default
    return f"`{default if isinstance(default, str) else json.dumps(default)}`".replace("\n", "\\n")


def _words(value: JsonSchema, links: Mapping[str, str]) -> str:
    """What a field takes, in words."""
    if "$ref" in value:
        name = value["$ref"].removeprefix(PREFIX)
        return links.get(name, name)
    if "anyOf" in value:
        parts = [part for part in value["anyOf"] if part.get("type") != "null"]
        if len(parts) == 2 and parts[1].get("items") == parts[0]:
            return f"{_words(parts[0], links)}; or a list of them"
        return " or ".join(dict.fromkeys(_words(part, links) for part in parts))
    if "enum" in value or "const" in value:
        return ", ".join(f"`{word}`" for word in value.get("enum", [value.get("const")]))
    match value.get("type"):
        case "array":
            return _array(value, links)
        case "object":
            within = value.get("additionalProperties")
            of = _words(within, links) if isinstance(within, Mapping) and within else "any values"
            return f"mapping of names to {of}"
        case str(kind):
            bounds = (f"{sign} {value[key]}" for key, sign in BOUNDS.items() if key in value)
            return " ".join((PLAIN[kind], ", ".join(bounds))).strip()
    return "any value"


def _array(value: JsonSchema, links: Mapping[str, str]) -> str:
    if "prefixItems" in value:
        return "[" + ", ".join(_words(item, links) for item in value["prefixItems"]) + "]"
    items = _words(value.get("items", {}), links)
    return f"list of ({items})" if " or " in items else f"list of {items}"


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of Markdown; columns in which every cell is empty are left out."""
    kept = [index for index in range(len(columns)) if any(row[index] for row in rows)]
    lines = [[columns[index] for index in kept], ["---"] * len(kept)]
    lines += [[row[index].replace("|", "\\|").replace("\n", " ") for index in kept] for row in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
