"""The page of a registry: every current verdict with filters, what was not audited, and the line over all. It writes nothing."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from starlette.requests import Request

from assay.registry.audits import Audits
from assay.registry.database import Database
from assay.registry.index import MAX_AGE, Filter, Freshness, Registry
from assay.stats import Verdict
from assay.view.folder import Folder
from assay.view.pages import address

__all__ = ["RegistryPage"]

ROWS = 100
"""Verdicts on a page."""
OPEN = 20
"""Adapters without a verdict that are listed."""
FRESHNESS: Mapping[str, Freshness] = {"fresh": "fresh", "stale": "stale"}
DAY = 86400.0


class RegistryPage:
    """What the page of a registry shows. Shared by threads."""

    def __init__(self, place: str, folder: Folder) -> None:
        """Raises RunError where there is no registry."""
        self._registry = Registry(Database(place, write=False))
        self._folder = folder

    def context(self, request: Request) -> dict[str, Any]:
        """What the template needs, for the filters of a request."""
        registry, now = self._registry, time.time()
        filters = _filters(request)
        text = request.query_params.get("start", "")
        start = int(text) // ROWS * ROWS if text.isascii() and text.isdigit() and len(text) < 10 else 0
        page, facets = registry.page(filters, start, ROWS, now), registry.facets()
        words = {word: facets.verdict[word] for word in map(str, Verdict) if word in facets.verdict}
        audits = Audits(registry.database).open_ones()
        return {
            "place": registry.place,
            "line": registry.line(),
            "stale": registry.stale(filters.max_age, now),
            "words": [(Verdict(word), count) for word, count in words.items()],
            "facets": facets,
            "filters": filters,
            "page": page,
            "rows": [self._row(row, now) for row in page.rows],
            "first": start + 1,
            "previous": _address(filters, start - ROWS) if start else None,
            "next": _address(filters, start + ROWS) if start + ROWS < page.total else None,
            "audits": audits[:OPEN],
            "more_audits": max(len(audits) - OPEN, 0),
        }

    def _row(self, row: Mapping[str, Any], now: float) -> dict[str, Any]:
        interval = None if row["low"] is None else (row["low"], row["high"])
        drift = None if row["drift_low"] is None else (row["drift_low"], row["drift_high"])
        here = row["host"] == socket.gethostname()
        return {
            **row,
            "interval": interval,
            "drift_interval": drift,
            "verdict": Verdict(row["verdict"]),
            "days": int((now - row["measured"]) / DAY),
            "key": self._folder.key_of(Path(row["folder"])) if here else None,
            "run_name": Path(row["folder"]).name,
        }


def _filters(request: Request) -> Filter:
    given = {
        name: request.query_params.get(name, "").strip() for name in ("label", "base", "verdict", "adapter")
    }
    days = request.query_params.get("days", "")
    return Filter(
        **given,
        freshness=FRESHNESS.get(request.query_params.get("freshness", ""), ""),
        max_age=float(days) if days.isascii() and days.isdigit() and len(days) < 6 else MAX_AGE,
        history=request.query_params.get("history") == "1",
    )


def _address(filters: Filter, start: int) -> str:
    given = {name: value for name, value in asdict(filters).items() if name not in ("max_age", "history")}
    days = "" if filters.max_age == MAX_AGE else int(filters.max_age)
    history = "1" if filters.history else ""
    return address("/registry", **given, days=days, history=history, start=start or "")
