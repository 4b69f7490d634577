"""Puts the page together: templates, style, script, and the policy that lets nothing else run.

Every text that a template prints goes through `plain` and HTML escaping; style and script are allowed by
their hashes, so that a browser runs no other, whatever a response or a name holds.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from assay.records import Store
from assay.report.described import (
    CHANGED,
    ENDS,
    difference_words,
    ends_words,
    measures,
    moved_types,
    rank_words,
    sign_words,
    unmoved_words,
)
from assay.report.gate import apply_gate
from assay.report.page.embed import Embedded, embed
from assay.report.page.evidence import Evidence, gather
from assay.report.page.forest import forest
from assay.report.page.plane import plane
from assay.report.page.scale import step
from assay.report.page.view import columns, heat, splits, tally, types
from assay.report.soundness import (
    applied_statement,
    applied_words,
    matrix_statement,
    noise_statement,
    ranked,
    to_read_first,
)
from assay.report.words import (
    STOPPED,
    confidence,
    interval,
    plain,
    points,
    pool_words,
    score,
    share,
    size,
    stop_words,
    tone,
    unit_interval,
    units,
    verdict_words,
)
from assay.stats import Verdict
from assay.study import Study
from assay.tasks import Task
from assay.verdicts import Result
from assay.verdicts.changes import MEASURES

__all__ = ["to_html"]

TEMPLATES = Path(__file__).parent / "templates"


def to_html(result: Result, study: Study, tasks: Mapping[str, Task], store: Store) -> str:
    """The page of a run: one file, which needs nothing else."""
    evidence = gather(study, tasks, store)
    page = _environment().get_template("page.html")
    text: str = page.render(_context(result, study, tasks, evidence, embed(evidence.flips)))
    return text + "\n"


def _context(
    result: Result, study: Study, tasks: Mapping[str, Task], evidence: Evidence, flips: Embedded
) -> dict[str, Any]:
    from markupsafe import Markup

    style, script = _read("page.css"), _read("page.js")
    metrics = columns(result, tasks, evidence)
    gate = apply_gate(result, study.gate)
    return {
        "result": result,
        "study": study,
        "tasks": tasks,
        "made": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "gate": gate,
        "gates": {adapter.adapter: adapter for adapter in gate.adapters},
        "adapters": {adapter.name: adapter for adapter in study.adapters},
        "tally": tally(result),
        "columns": metrics,
        "rows": heat(result, study, metrics),
        "forest": forest(result, study, [column.metric for column in metrics if column.primary]),
        "plane": plane(result, study),
        "drifts": [entry for entry in result.drift if entry.variant == "gap"],
        "types": types(evidence),
        "splits": splits(result, metrics),
        "changed": [
            claim for claim in result.claims if claim.other_mode_verdict not in (None, claim.verdict)
        ],
        "applied": ranked(result),
        "applied_statement": applied_statement(result),
        "matrix_statement": matrix_statement(result),
        "noise_statement": noise_statement(result),
        "read_first": to_read_first(result),
        "measures": measures(result),
        "unmoved": unmoved_words(result),
        "evidence": evidence,
        "summary": study.summary is not None,
        "flips": flips,
        "all_flips": sum(entry.fixed + entry.broken for entry in evidence.counts),
        # Our own text, and JSON without <, > and &: the only output that is not escaped.
        "style": Markup(style),  # noqa: S704
        "script": Markup(script),  # noqa: S704
        "flips_json": Markup(flips.json),  # noqa: S704
        "policy": "; ".join(
            (
                "default-src 'none'",
                f"script-src '{_sha256(script)}'",
                f"style-src '{_sha256(style)}'",
                "img-src data:",
                "base-uri 'none'",
                "form-action 'none'",
            )
        ),
    }


@cache  # compiling the templates takes longer than printing most pages
def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    def harmless(value: Any) -> Any:
        return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=harmless,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "points": points,
        "interval": interval,
        "score": score,
        "units": units,
        "unit_interval": unit_interval,
        "confidence": confidence,
        "size": size,
        "share": share,
        "verdict_words": verdict_words,
        "stopped": stop_words,
        "pooled": pool_words,
        "applied_words": applied_words,
        "difference_words": difference_words,
        "ends_words": ends_words,
        "moved_types": moved_types,
        "rank_words": rank_words,
        "sign_words": sign_words,
        "slug": lambda word: word.replace(" ", "-"),
        "tone": tone,
        "glyph": lambda word: Verdict(word).glyph if word in set(Verdict) else "",
        "percent": lambda value: f"{value:.0%}",
        "count": lambda value: f"{value:,}",
        "sign": lambda value: "" if value is None else "up" if value > 0 else "down" if value < 0 else "",
        "step": step,
    }
    environment.globals |= {
        "WORDS": tuple(Verdict),
        "STOPPED": STOPPED,
        "MEASURES": MEASURES,
        "CHANGED": CHANGED,
        "ENDS": ENDS,
    }
    return environment


def _read(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8").strip()


def _sha256(text: str) -> str:
    """Of an inline element, as a content security policy names it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
