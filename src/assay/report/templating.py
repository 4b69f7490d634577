"""The template engine of every report. It knows how numbers and findings are written, but no finding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from assay.report.text import descriptions, diagnostics, numbers, verdicts

__all__ = ["environment"]


def environment(*folders: Path, **options: Any) -> Environment:
    """Templates of these folders. Every public name of `assay.report.text` is a filter or a value in them."""
    made = Environment(  # noqa: S701 - Markdown escapes each text itself; the page turns this on
        loader=FileSystemLoader(folders),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        **options,
    )
    for module in (numbers, verdicts, diagnostics, descriptions):
        names: dict[str, Any] = {name: getattr(module, name) for name in module.__all__}
        made.globals |= names
        made.filters |= {name: value for name, value in names.items() if callable(value)}
    return made
