"""The application: addresses and what they show. It computes no finding and writes nothing.

/                       the runs of the folder          /compare?run=A&run=B    two runs or two adapters
/run/KEY                one run                         /adapter?name=NAME      one adapter over runs
/run/KEY/flips, /flip   its flips, one of them          /run/KEY/types          gains by instruction type
/run/KEY/events         how far it is, as server-sent events
/registry               the registry, where one is given
"""

from __future__ import annotations

import json
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock
from typing import TYPE_CHECKING, Any, cast

from anyio import sleep
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from assay.comparison import Side, compare, word
from assay.comparison.words import explains, moved_words
from assay.comparison.words import name as cause_name
from assay.errors import AssayError
from assay.report.html.page_data import PageData, gather
from assay.report.html.render import page_context
from assay.report.html.view import types as type_tables
from assay.runs.decided import reading, state_of
from assay.runs.evidence import RunEvidence
from assay.view.access import Access
from assay.view.flips import Filter, Flips, Pair
from assay.view.folder import Entry, Folder, Stamp
from assay.view.history import Kept, history
from assay.view.opened import Opened, open_run
from assay.view.pages import POLICY, address, render
from assay.view.progress import Following
from assay.view.summary import Summaries

if TYPE_CHECKING:
    from assay.view.registry import RegistryPage

__all__ = ["View", "application"]

ROWS = 100
"""Runs on a page of the list."""
KEPT = 8
"""Runs whose findings are kept in memory."""
PERIOD = 1.0
"""Seconds between looks at a run under way."""
REST = 4
"""As many times as long as a look took, at least, comes no other one: looking at a large run must not slow it down."""
THEMES = ("light", "dark")


def application(
    folder: Path,
    host: str = "127.0.0.1",
    token: str | None = None,
    closing: Event | None = None,
    period: float = PERIOD,
    registry: str | None = None,
) -> ASGIApp:
    """The view of a folder of runs, or of one run, behind its guard. Raises RunError where there is no such folder or registry.

    token: what an address must hold; None: nothing. closing: set when the server ends, so that followed runs let go of it.
    registry: a file or a URL; None: there is no page of one.
    """
    view = View(Folder(folder), closing or Event(), period, registry)
    return Access(view.app(), host, token, POLICY)


@dataclass(frozen=True, slots=True)
class _Kept:
    stamp: Stamp
    opened: Opened
    flips: Flips


class View:
    """Answers requests; the state is what was read of runs, kept until their files change."""

    def __init__(self, folder: Folder, closing: Event, period: float, registry: str | None = None) -> None:
        self._folder = folder
        self._registry = _registry_page(registry, folder) if registry else None
        self._closing = closing
        self._period = period
        self._summaries = Summaries()
        self._opened: OrderedDict[str, _Kept] = OrderedDict()
        self._following: dict[str, Following] = {}
        self._visits: Kept = {}
        self._lock = Lock()

    def app(self) -> Starlette:
        """The application without its guard."""
        pages: dict[str, Callable[[Request], Response]] = {
            "/": self.list,
            "/compare": self.compare,
            "/adapter": self.adapter,
            "/run/{key}": self.run,
            "/run/{key}/flips": self.flips,
            "/run/{key}/flip": self.flip,
            "/run/{key}/types": self.types,
        }
        if self._registry is not None:
            pages["/registry"] = self.registry
        routes = [Route(path, endpoint) for path, endpoint in pages.items()]
        routes.append(Route("/run/{key}/events", self.events))
        return Starlette(
            routes=routes,
            exception_handlers={
                AssayError: self._problem,
                HTTPException: self._missing,
                Exception: self._defect,
            },
        )

    # -- pages -----------------------------------------------------------------------------------------

    def list(self, request: Request) -> Response:
        """The runs by name, a page at a time."""
        runs = list(self._folder.runs().values())
        if self._folder.is_run:
            return RedirectResponse(f"/run/{runs[0].key}")
        name = _first(request, "name")
        matching = [entry for entry in runs if name.lower() in entry.name.lower()]
        start = _number(request, "start") // ROWS * ROWS
        pages = [
            {
                "label": f"{first + 1:,} to {min(first + ROWS, len(matching)):,}",
                "address": address("/", name=name, start=first),
                "current": first == start,
            }
            for first in range(0, len(matching), ROWS)
        ]
        rows = [self._summaries.of(entry) for entry in matching[start : start + ROWS]]
        context: dict[str, Any] = {
            "total": len(runs),
            "matching": len(matching),
            "filtered": bool(name),
            "name": name,
        }
        return self._page(
            request, "list.html", folder=str(self._folder.path), rows=rows, pages=pages, **context
        )

    def run(self, request: Request) -> Response:
        """One run: its findings, or how far it is."""
        entry = self._entry(request)
        with reading(entry.path) as store:
            state, _ = state_of(entry.path, store)
        if state != "complete":
            return self._page(request, "progress.html", **self._progress(entry))
        kept = self._open(entry)
        opened, counts = kept.opened, kept.flips.counts
        data = PageData((), counts, (), opened.examples)
        context = page_context(opened.result, opened.plan, data)
        return self._page(
            request, "run.html", **context, entry=entry, notes=opened.notes, has_types=bool(opened.types)
        )

    def flips(self, request: Request) -> Response:
        """A page of a run's flips."""
        kept = self._kept(request)
        names = ("adapter", "task", "direction", "type", "text", "against")
        filters = Filter(**{name: _first(request, name).strip() for name in names})
        page = kept.flips.page(filters, _number(request, "start"))
        here = f"/run/{kept.opened.entry.key}/flips"
        given = {name: getattr(filters, name) for name in names}
        size = max(len(page.shown), 1)
        previous = None if filters.searches or not page.start else max(0, page.start - max(size, 20))
        return self._page(
            request,
            "flip_pages.html",
            entry=kept.opened.entry,
            filters=filters,
            page=page,
            names=[adapter.name for adapter in kept.opened.plan.adapters],
            tasks=list(kept.opened.plan.tasks),
            types=kept.opened.types,
            first=address(here, **given),
            previous=None if previous is None else address(here, **given, start=previous),
            next=address(here, **given, start=page.end) if page.more else None,
        )

    def flip(self, request: Request) -> Response:
        """One flip, its texts whole."""
        kept = self._kept(request)
        pair = Pair(*(_first(request, name) for name in ("adapter", "task", "against")))
        flip = kept.flips.whole(pair, _number(request, "position"))
        if flip is None:
            raise HTTPException(404, "This run has no such flip.")
        reference = "Against" if pair.against else "Base"
        return self._page(request, "flip.html", entry=kept.opened.entry, flip=flip, reference=reference)

    def types(self, request: Request) -> Response:
        """Gains by instruction type: reads every score of the run."""
        opened = self._kept(request).opened
        with reading(opened.entry.path) as store:
            evidence = RunEvidence(store, cast("Any", opened.plan.tasks))  # it asks only for their scorers
            tables = type_tables(gather(opened.plan, evidence, texts=False))
        return self._page(request, "types_page.html", entry=opened.entry, plan=opened.plan, types=tables)

    def registry(self, request: Request) -> Response:
        """Every current verdict of the registry, a page at a time."""
        context = self._registry.context(request) if self._registry else {}
        return self._page(request, "registry.html", **context)

    def compare(self, request: Request) -> Response:
        """Two runs, or two adapters, beside each other."""
        runs = self._folder.runs()
        keys = request.query_params.getlist("run")
        adapters = request.query_params.getlist("adapter")[:2]
        if len(keys) == 1:
            keys = keys * 2
        if len(keys) != 2 or any(key not in runs for key in keys):
            raise HTTPException(404, "Choose two runs of the list.")
        opened = [self._open(runs[key]).opened for key in keys]
        if "" in adapters or len(adapters) == 1:  # named on one side alone, it is meant on both
            adapters = [max(adapters)] * 2
        sides = [Side(run, name) for run, name in zip(opened, adapters or ("", ""), strict=True)]
        for side in sides:
            if side.adapter and side.adapter not in {each.name for each in side.opened.plan.adapters}:
                raise HTTPException(404, f"The run {side.opened.name} has no adapter {side.adapter!r}.")
        shown: dict[str, Any] = {
            "word": word,
            "explains": explains,
            "moved": moved_words,
            "cause_name": cause_name,
        }
        return self._page(request, "compare.html", comparison=compare(*sides), **shown)

    def adapter(self, request: Request) -> Response:
        """One adapter over the runs of the folder."""
        name = _first(request, "name") or _first(request, "adapter")
        entries = [
            entry for entry in self._folder.runs().values() if name in self._summaries.of(entry).adapters
        ]
        if not entries:
            raise HTTPException(404, f"No complete run of the folder has an adapter {name!r}.")
        return self._page(request, "history.html", history=history(name, entries, self._visits))

    # -- a run under way -------------------------------------------------------------------------------

    async def events(self, request: Request) -> Response:
        """The changing parts of a run's page, as they change."""
        entry = self._entry(request)
        return StreamingResponse(self._changes(entry), media_type="text/event-stream")

    async def _changes(self, entry: Entry) -> AsyncIterator[str]:
        sent: dict[str, str] = {}
        while not self._closing.is_set():
            began = time.monotonic()
            parts = await run_in_threadpool(self._parts, entry)
            if parts is None:
                yield "event: end\ndata: \n\n"
                return
            if changed := {name: markup for name, markup in parts.items() if sent.get(name) != markup}:
                yield f"data: {json.dumps(changed)}\n\n"
                sent |= changed
            await sleep(max(self._period, REST * (time.monotonic() - began)))

    def _parts(self, entry: Entry) -> dict[str, str] | None:
        """By id in the page: markup; None where another page is due."""
        try:
            context = self._progress(entry)
        except AssayError:
            return None
        if context["progress"].state == "complete":
            return None
        return {
            name: render(f"live_{name}.html", **context) for name in ("state", "verdicts", "parts", "rest")
        }

    def _progress(self, entry: Entry) -> dict[str, Any]:
        with self._lock:
            following = self._following.setdefault(entry.key, Following(entry))
        return {"entry": entry, "progress": following.now()}

    # -- what pages share ------------------------------------------------------------------------------

    def _entry(self, request: Request) -> Entry:
        entry = self._folder.runs().get(request.path_params["key"])
        if entry is None:
            raise HTTPException(404, "There is no run of this name in the folder.")
        return entry

    def _kept(self, request: Request) -> _Kept:
        return self._open(self._entry(request))

    def _open(self, entry: Entry) -> _Kept:
        """A complete run, read again where its files changed. Raises HTTPException where it is not complete."""
        stamp = entry.stamp()
        with self._lock:
            kept = self._opened.get(entry.key)
        if kept is None or kept.stamp != stamp:
            with reading(entry.path) as store:
                state, _ = state_of(entry.path, store)
            if state != "complete":
                raise HTTPException(
                    404, f"The run {entry.name} is not complete: its flips are known at its end."
                )
            opened = open_run(entry)
            kept = _Kept(stamp, opened, Flips(opened))
        with self._lock:
            self._opened[entry.key] = kept
            self._opened.move_to_end(entry.key)
            while len(self._opened) > KEPT:
                self._opened.popitem(last=False)
        return kept

    def _page(self, request: Request, template: str, status: int = 200, **context: Any) -> Response:
        theme = request.cookies.get("assay-theme", "")
        shown = theme if theme in THEMES else ""
        common = {"theme": shown, "alone": self._folder.is_run, "registry": self._registry is not None}
        return HTMLResponse(render(template, **context, **common), status)

    def _problem(self, request: Request, error: Exception) -> Response:
        """A run that cannot be read."""
        return self._page(request, "problem.html", 500, title="This run cannot be read", text=str(error))

    def _defect(self, request: Request, error: Exception) -> Response:  # noqa: ARG002 - the server prints it
        """A page that cannot be made of what a run holds."""
        text = "The terminal in which `assay view` runs says why."
        return self._page(request, "problem.html", 500, title="This page cannot be made", text=text)

    def _missing(self, request: Request, error: Exception) -> Response:
        status, text = (error.status_code, error.detail) if isinstance(error, HTTPException) else (500, "")
        return self._page(request, "problem.html", status, title="Not here", text=text)


def _registry_page(place: str, folder: Folder) -> RegistryPage:
    from assay.view.registry import RegistryPage  # it needs SQLAlchemy, which other pages do not

    return RegistryPage(place, folder)


def _first(request: Request, name: str) -> str:
    """The first value of a field of the query; a form may have several fields of a name."""
    return next(iter(request.query_params.getlist(name)), "")


def _number(request: Request, name: str) -> int:
    """A number of the query; 0 where it is none."""
    text = _first(request, name)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0
