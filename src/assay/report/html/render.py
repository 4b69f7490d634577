"""Renders the page: templates, style, script, and the policy that lets nothing else run. It computes no finding.

Every text that a template prints goes through `plain` and HTML escaping; style and script are allowed by
their hashes, so that a browser runs no other, whatever a response or a name holds.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from assay.plan import Plan
from assay.report.gate import apply_gate
from assay.report.html.dose import course_figures, dose_figures
from assay.report.html.embed import Embedded, embed
from assay.report.html.forest import forest
from assay.report.html.page_data import PageData, RunRecords, gather
from assay.report.html.plane import plane
from assay.report.html.scale import step
from assay.report.html.view import columns, heat, splits, tally, types
from assay.report.templating import environment
from assay.stats import Verdict
from assay.text import plain
from assay.verdicts import Result
from assay.verdicts.response_changes import MEASURES

__all__ = ["content_policy", "page_context", "page_environment", "source_of", "to_html"]

TEMPLATES = Path(__file__).parent / "templates"


def to_html(result: Result, plan: Plan, records: RunRecords) -> str:
    """The page of a run: one self-contained file."""
    data = gather(plan, records)
    page = page_environment().get_template("page.html")
    text: str = page.render(_context(result, plan, data, embed(data.flips)))
    return text + "\n"


def page_context(result: Result, plan: Plan, data: PageData) -> dict[str, Any]:
    """What the sections of a page print, but for the flips to read."""
    metrics = columns(result, plan.tasks, data)
    gate = apply_gate(result, plan.policy)
    return {
        "result": result,
        "plan": plan,
        "tasks": plan.tasks,
        "gate": gate,
        "gates": {adapter.adapter: adapter for adapter in gate.adapters},
        "adapters": {adapter.name: adapter for adapter in plan.adapters},
        "tally": tally(result),
        "columns": metrics,
        "rows": heat(result, plan, metrics),
        "forest": forest(result, plan, [column.metric for column in metrics if column.primary]),
        "plane": plane(result, plan),
        "doses": dose_figures(result, plan.margin),
        "courses": course_figures(result, plan.margin),
        "drifts": [entry for entry in result.drift if entry.variant == "gap"],
        "types": types(data),
        "splits": splits(result, metrics),
        "changed": [
            claim for claim in result.claims if claim.other_mode_verdict not in (None, claim.verdict)
        ],
        "data": data,
        "summary": plan.source == "summary",
        "all_flips": sum(entry.fixed + entry.broken for entry in data.counts),
    }


def _context(result: Result, plan: Plan, data: PageData, flips: Embedded) -> dict[str, Any]:
    style, script = source_of("page.css"), source_of("common.js", "page.js")
    return {
        **page_context(result, plan, data),
        "made": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "flips": flips,
        # Our own text, and JSON without <, > and &: the only output that is not escaped.
        "style": Markup(style),  # noqa: S704 - a file of this package
        "script": Markup(script),  # noqa: S704 - a file of this package
        "flips_json": Markup(flips.json),  # noqa: S704 - JSON, escaped where it is made
        "policy": content_policy(script, style, "form-action 'none'"),
    }


def content_policy(script: str, style: str, *more: str) -> str:
    """A content security policy under which a page runs this script and uses this style, and no other."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src '{_sha256(script)}'",
            f"style-src '{_sha256(style)}'",
            "img-src data:",
            "base-uri 'none'",
            *more,
        )
    )


@cache  # compiling the templates takes longer than printing most pages
def page_environment(*folders: Path) -> Environment:
    """Templates of these folders and of the page; each text that one prints is made harmless and escaped."""

    def harmless(value: Any) -> Any:
        return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    made = environment(*folders, TEMPLATES, autoescape=True, finalize=harmless)
    made.filters |= {
        "slug": lambda word: word.replace(" ", "-"),
        "sign": lambda value: "" if value is None else "up" if value > 0 else "down" if value < 0 else "",
        "step": step,
    }
    made.globals |= {"WORDS": tuple(Verdict), "NOT_APPLIED": Verdict.NOT_APPLIED, "MEASURES": MEASURES}
    return made


def source_of(*names: str, folder: Path = TEMPLATES) -> str:
    """Styles or scripts as a page holds them, joined."""
    return "\n".join((folder / name).read_text(encoding="utf-8").strip() for name in names)


def _sha256(text: str) -> str:
    """Digest of an inline element, as a content security policy names it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
