"""One adapter over the runs of a folder, the oldest first: its base's revision, gains, verdicts and drift in each.

An adapter is followed by its name; where its weights or its base changed between two runs, the line says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from assay.errors import AssayError
from assay.records.browsing import identities, last_event
from assay.report import read_result
from assay.report.html.forest import Mark, mark_of
from assay.report.html.scale import Axis, axis
from assay.runs.decided import plan_of_run, reading
from assay.verdicts.result import Cell, ClaimResult, DriftResult
from assay.view.folder import Entry, Stamp

__all__ = ["History", "Kept", "Visit", "history"]


@dataclass(frozen=True, slots=True)
class Visit:
    """The adapter in one run."""

    entry: Entry
    at: float
    """When it was decided, in seconds since 1970."""
    base: str
    revision: str
    """Of the base, as the study names it; empty where it names none."""
    weights: str
    """Digest of what answered as the adapter; empty where only scores are known."""
    base_weights: str
    claims: tuple[ClaimResult, ...]
    drifts: tuple[DriftResult, ...]
    changes: tuple[str, ...] = ()
    """What differs from the run before: `the base`, `the adapter's weights`."""


@dataclass(frozen=True, slots=True)
class History:
    """An adapter over runs."""

    name: str
    visits: tuple[Visit, ...]
    axis: Axis | None
    """Of all gains; None where there is none."""

    def mark(self, claim: ClaimResult) -> Mark | None:
        """A claim's gain on the axis."""
        return None if self.axis is None else mark_of(claim, self.axis)


Kept = dict[tuple[str, str], tuple[Stamp, "Visit | None"]]
"""By key of the run and name of the adapter: what was read of it, and of which files."""


def history(name: str, entries: Iterable[Entry], kept: Kept | None = None) -> History:
    """An adapter in these runs, which are complete; runs that cannot be read are left out.

    kept: what was read before; a run is read again where its files changed.
    """
    visits = sorted(_visits(name, entries, {} if kept is None else kept), key=lambda visit: visit.at)
    gains = [value for visit in visits for claim in visit.claims for value in claim.interval or ()]
    margin = max((claim.margin for visit in visits for claim in visit.claims), default=0.0)
    return History(name, tuple(_with_changes(visits)), axis(gains, margin) if gains else None)


def _visits(name: str, entries: Iterable[Entry], kept: Kept) -> Iterator[Visit]:
    for entry in entries:
        stamp, visit = kept.get((entry.key, name), (None, None))
        if stamp != (now := entry.stamp()):
            try:
                visit = _visit(name, entry)
            except AssayError:
                visit = None
            kept[entry.key, name] = now, visit
        if visit is not None:
            yield visit


def _visit(name: str, entry: Entry) -> Visit | None:
    result = read_result(entry.path)
    if result is None:
        return None
    claims = tuple(claim for claim in result.claims if claim.adapter == name)
    cells: list[ClaimResult | Cell] = [*claims, *result.cells]
    base = next((each.base for each in cells if each.adapter == name), None)
    if base is None:
        return None
    drifts = tuple(drift for drift in result.drift if drift.adapter == name and drift.variant == "gap")
    with reading(entry.path) as store:
        known = identities(store)
        bases = plan_of_run(entry.path, store).bases
        event = last_event(store, "analyzed")
    revision = next((each.revision for each in bases if each.name == base), None) or ""
    at = datetime.fromisoformat(event.at).timestamp() if event is not None and event.at else entry.changed
    weights, base_weights = (str(known.get(subject, {}).get("digest", "")) for subject in (name, base))
    return Visit(entry, at, base, revision, weights, base_weights, claims, drifts)


def _with_changes(visits: Iterable[Visit]) -> Iterator[Visit]:
    before: Visit | None = None
    for visit in visits:
        if before is not None:
            named = {
                "the base": (before.base_weights, visit.base_weights),
                "the adapter's weights": (before.weights, visit.weights),
            }
            visit = replace(visit, changes=tuple(what for what, pair in named.items() if pair[0] != pair[1]))
        yield visit
        before = visit
