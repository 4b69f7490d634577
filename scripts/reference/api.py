"""Signatures and docstrings of functions and classes."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from types import ModuleType
from typing import Any

from assay.schemas import field_docs
from scripts.reference.schema import table

__all__ = ["entry", "members", "section"]

WIDTH = 88
STARS: dict[object, str] = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}


def members(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """What a module offers: functions and classes, by its `__all__`."""
    for name in module.__all__:
        value = getattr(module, name)
        if inspect.isclass(value) or inspect.isroutine(value):
            yield name, value


def section(prefix: str, name: str, value: Any) -> str:
    """A function or a class, with its public methods, properties and fields."""
    if not inspect.isclass(value):
        return entry(f"## {name}", f"{prefix}{name}", value)
    parts = [entry(f"## {name}", f"{prefix}{name}", value)]
    if is_dataclass(value):
        parts.append(_fields(value))
    parts += [_member(name, key, method) for key, method in vars(value).items() if not key.startswith("_")]
    return "\n".join(filter(None, parts))


def _fields(value: type) -> str:
    docs, rows = field_docs(value), []
    for field in fields(value):
        if field.name not in docs:
            raise ValueError(f"{value.__name__}.{field.name} has no docstring: write one below the field")
        default = "required" if field.default is MISSING and field.default_factory is MISSING else ""
        if field.default is not MISSING and field.default not in (None, ""):
            default = f"`{_value(field.default)}`"
        rows.append((f"`{field.name}`", f"`{_type(field.type)}`", default, docs[field.name]))
    return table(("field", "type", "default", "meaning"), rows)


def _member(owner: str, name: str, value: Any) -> str:
    if isinstance(value, property):
        return f"### {owner}.{name}\n\n{_docstring(f'{owner}.{name}', value.fget)}\n"
    if isinstance(value, classmethod | staticmethod):
        return entry(
            f"### {owner}.{name}", f"{owner}.{name}", value.__func__, skip=isinstance(value, classmethod)
        )
    if inspect.isfunction(value) and value.__module__.startswith("assay"):
        return entry(f"### {owner}.{name}", f"{owner}.{name}", value, skip=True)
    return ""


def entry(heading: str, called: str, value: Any, skip: bool = False) -> str:
    """A heading, the signature and the docstring. `skip`: leave out the first parameter."""
    return f"{heading}\n\n{_signature(called, value, skip)}{_docstring(called, value)}\n"


def _docstring(called: str, value: Any) -> str:
    text = inspect.getdoc(value)
    if not text:
        raise ValueError(f"{called} has no docstring: write one")
    return text.replace("\n    ", "\n        ") if "\n\n    " in text else text


def _signature(called: str, value: Any, skip: bool) -> str:
    if inspect.isclass(value) and (is_dataclass(value) or "__init__" not in vars(value)):
        return ""
    signature = inspect.signature(value)
    parameters = [*signature.parameters.values()][skip:]
    returned = signature.return_annotation
    ending = (
        ")" if returned in (signature.empty, "None") or inspect.isclass(value) else f") -> {_type(returned)}"
    )
    texts = [*_parameters(parameters)]
    whole = f"{called}({', '.join(texts)}{ending}"
    if len(whole) > WIDTH:
        whole = f"{called}(\n" + "".join(f"    {text},\n" for text in texts) + ending
    return f"```pyi\n{whole}\n```\n\n"


def _parameters(parameters: list[inspect.Parameter]) -> Iterator[str]:
    keyword = False
    for parameter in parameters:
        if parameter.kind is parameter.KEYWORD_ONLY and not keyword:
            keyword = True
            yield "*"
        stars = STARS.get(parameter.kind, "")
        text = stars + parameter.name
        if parameter.annotation is not parameter.empty:
            text += f": {_type(parameter.annotation)}"
        if parameter.default is not parameter.empty:
            text += f" = {_value(parameter.default)}"
        yield text


def _type(annotation: Any) -> str:
    return annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))


def _value(default: Any) -> str:
    """A default as it is written: a function or an object by its name."""
    if callable(default):
        return str(getattr(default, "__name__", type(default).__name__))
    text = repr(default)
    return "..." if "0x" in text else text
