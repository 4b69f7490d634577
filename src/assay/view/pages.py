"""Renders pages: templates, one style and one script, both allowed by their hashes. It reads no run.

Every text that a template prints is made harmless and escaped, as in the report.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment
from markupsafe import Markup, escape

from assay.report.html.embed import LONGEST, TAIL, visible
from assay.report.html.render import content_policy, page_environment, source_of

__all__ = ["POLICY", "address", "prepare", "render"]

TEMPLATES = Path(__file__).parent / "templates"
STYLE = source_of("page.css") + "\n" + source_of("view.css", folder=TEMPLATES)
SCRIPT = source_of("common.js") + "\n" + source_of("view.js", folder=TEMPLATES)
POLICY = content_policy(SCRIPT, STYLE, "connect-src 'self'", "form-action 'self'", "frame-ancestors 'none'")
"""The content security policy of every page: the report's, and forms and events of this server."""


def render(template: str, **context: Any) -> str:
    """A page, or a part of one."""
    text: str = _environment().get_template(template).render(context)
    return text


def address(path: str, **query: object) -> str:
    """A path with those fields of a query that are not empty."""
    given = {name: value for name, value in query.items() if value not in ("", None)}
    return f"{path}?{urlencode(given, doseq=True)}" if given else path


def prepare() -> None:
    """Compile every template, which takes longer than most pages."""
    for name in _environment().list_templates(extensions=["html"]):
        _environment().get_template(name)


@cache
def _environment() -> Environment:
    made = page_environment(TEMPLATES)
    made.filters |= {"lines": _lines, "shortened": _shortened, "moment": _moment}
    made.globals |= {"address": address, "style": Markup(STYLE), "script": Markup(SCRIPT)}  # noqa: S704 - our own
    return made


def _lines(text: str) -> Markup:
    """A text of a run with its line breaks, and with control characters as escapes."""
    return escape(visible(text))


def _shortened(text: str) -> str:
    """The beginning and the end of a long text."""
    if len(text) <= LONGEST:
        return text
    left_out = f"\n[{len(text) - LONGEST:,} characters left out]\n"
    return text[: LONGEST - TAIL] + left_out + text[-TAIL:]


def _moment(seconds: float) -> str:
    """`2026-11-30 23:16`, UTC; a dash for 0."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M") if seconds else "-"
