"""`report.md`: the findings as text, for a pull request or a terminal pager. It computes no finding."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment

from assay.report.gate import Gate
from assay.report.templating import environment
from assay.text import plain
from assay.verdicts import Result

__all__ = ["escaped", "render", "to_markdown"]

TEMPLATES = Path(__file__).parent / "templates"


def to_markdown(result: Result, gate: Gate) -> str:
    """Markdown with the verdicts first and the rest folded. Gains are in points."""
    outcomes: dict[str, str] = {claim.adapter: "control" for claim in result.claims if claim.control}
    outcomes |= {adapter.adapter: adapter.outcome for adapter in gate.adapters}
    return render(TEMPLATES / "report.md", result=result, gate=gate, outcomes=outcomes)


def escaped(text: str) -> str:
    """Foreign text for use inside Markdown: on one line, with its own markup escaped."""
    safe = plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join(f"\\{character}" if character in "\\`*_[]|#~@" else character for character in safe)


def render(template: Path, **context: Any) -> str:
    """A Markdown template with these values; `{{ name|md }}` escapes a text, `macros.md` has tables."""
    text: str = _environment(template.parent).get_template(template.name).render(context)
    return text


@cache  # compiling a template takes longer than printing it
def _environment(folder: Path) -> Environment:
    made = environment(folder, TEMPLATES, keep_trailing_newline=True)
    made.filters["md"] = escaped
    return made
