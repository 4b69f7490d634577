"""Asks: brings in every response that a run does not hold yet, one round of subjects after the other.

An adapter is asked only once it is known to change something, and a base only if such an adapter is there.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Protocol

from assay.binding import Bound, Cell, Round
from assay.engines import Completion, Liveness, Loaded, Request, cut_after
from assay.records import Store, digest

__all__ = ["Progress", "ask", "silent"]

PROBED = 4
"""Tasks of which a prompt joins the probe prompts: what an adapter changes may show under its template only."""


class Progress(Protocol):
    """Shows how far long work is."""

    def __call__(self, what: str, done: int, total: int, note: str = "", part: str = "") -> None:
        """`done` of `total` of `what`, or of one `part` of it; `note` is a rate."""


def silent(what: str, done: int, total: int, note: str = "", part: str = "") -> None:
    """Show nothing."""


def ask(bound: Bound, store: Store, progress: Progress = silent) -> None:
    """Ask for what is missing and keep it as it comes; interrupted, it goes on where it stopped."""
    for one in bound.rounds:
        _recall_liveness(one, store)
    meter = _Meter(progress)
    for one in bound.rounds:
        meter.expect(one, _missing(_askable(one, store), store))
    if kept := store.count():
        progress("responses kept from before", kept, kept)
    for one in bound.rounds:
        _ask(one, store, meter)
    store.set_fact("responses_complete", True)


def _ask(one: Round, store: Store, meter: _Meter) -> None:
    """Load what answers, if anything is missing, and ask it: the adapters with their base, then the base alone."""
    unknown = _recall_liveness(one, store)
    if not unknown and not _missing(_askable(one, store), store):
        return
    with one.open() as engine:
        _note_failed(one, engine, store)
        alive = [name for name in unknown if name not in engine.failed]
        for found in engine.liveness(alive, {name: _shortest_prompts(one, name) for name in alive}):
            _keep_liveness(one, found, store)
        meter.expect(one, _missing(_askable(one, store), store))
        for cells in (one.cells, one.again):
            _complete(one, engine, [cell for cell in _askable(one, store) if cell in cells], store, meter)
            _note_failed(one, engine, store)


def _complete(one: Round, engine: Loaded, cells: Sequence[Cell], store: Store, meter: _Meter) -> None:
    marks = {(cell.name, cell.task): cell.after for cell in cells}
    wanted = _missing(cells, store)
    _note_provenance(one, cells, {(request.name, request.task) for request in wanted}, store)

    def judged(completions: Iterable[Completion]) -> Iterator[Completion]:
        for completion in completions:
            mark = marks[completion.request.name, completion.request.task]
            meter.count(completion)
            yield replace(completion, cut=cut_after(completion.text, mark)) if mark else completion

    meter.start()
    for _ in store.append(judged(engine.complete(wanted))):
        meter.show()


def _missing(cells: Iterable[Cell], store: Store) -> list[Request]:
    """What the run does not hold. Names that mean the same content are asked once."""
    wanted: list[Request] = []
    seen: set[str] = set()
    for cell in cells:
        content = digest([cell.identity, cell.protocol, cell.task])
        if content not in seen:
            seen.add(content)
            held = store.held(cell.name, cell.task)
            wanted += [one for one in cell.requests() if (one.example, one.sample, one.index) not in held]
    return wanted


def _askable(one: Round, store: Store) -> list[Cell]:
    """Cells of this round whose subject can be asked; none of the base's where no adapter can."""
    absent = store.fact("absent")
    if one.base and not set(one.adapters) - set(absent):
        return []
    return [cell for cell in (*one.cells, *one.again) if cell.ask.subject not in absent]


# -- what is known of adapters -------------------------------------------------------------------


def _recall_liveness(one: Round, store: Store) -> list[str]:
    """Leave out adapters that an earlier start found to change nothing; names those not looked at yet."""
    known = store.fact("liveness") or {}
    unknown = []
    for name, identity in one.adapters.items():
        if (found := known.get(digest(identity))) is None:
            unknown.append(name)
        elif found["reason"]:
            _note_absent(store, {name: found["reason"]}, found["verdict"])
    return unknown


def _shortest_prompts(one: Round, name: str) -> list[str]:
    """One prompt of each task, at most PROBED, as it is sent to an adapter."""
    cells = [cell for cell in one.cells if cell.name == name and cell.sent]
    return [min(cell.sent.values(), key=len) for cell in cells[:PROBED]]


def _keep_liveness(one: Round, found: Liveness, store: Store) -> None:
    entry = asdict(found) | {"reason": found.reason, "verdict": found.verdict}
    with store.transaction():
        known = store.fact("liveness") or {}
        store.set_fact("liveness", known | {digest(one.adapters[found.adapter]): _finite(entry)})
        if found.reason:
            _note_absent(store, {found.adapter: found.reason}, found.verdict)


def _finite(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers that JSON can hold; None for others."""
    return {
        key: None if isinstance(value, float) and value - value != 0 else value
        for key, value in entry.items()
    }


def _note_absent(store: Store, reasons: Mapping[str, str], verdict: str) -> None:
    """Keep why these adapters' claims end without evidence."""
    if reasons:
        store.set_fact(
            "absent", store.fact("absent") | {name: [verdict, why] for name, why in reasons.items()}
        )


def _note_failed(one: Round, engine: Loaded, store: Store) -> None:
    """Leave out adapters that failed, but those whose responses are all there from before."""
    wanted = {request.subject for request in _missing(one.cells, store)}
    failed = {name: why for name, why in engine.failed.items() if name in wanted}
    _note_absent(store, failed, "not measured")


def _note_provenance(
    one: Round, cells: Sequence[Cell], wanted: Collection[tuple[str, str]], store: Store
) -> None:
    """Keep what software is about to answer for these cells, beside what did before."""
    seen: dict[str, list[Mapping[str, str]]] = store.fact("provenance") or {}
    for cell in cells:
        if (cell.name, cell.task) in wanted:
            versions = seen.setdefault(str(store.content(cell.name, cell.task)), [])
            if one.provenance not in versions:
                versions.append(dict(one.provenance))
    store.set_fact("provenance", seen)


# -- progress ------------------------------------------------------------------------------------


@dataclass
class _Meter:
    """Counts responses and tokens, as a whole and by subject and task."""

    progress: Progress
    clock: Callable[[], float] = time.monotonic
    expected: dict[str, int] = field(default_factory=dict)
    """Responses of each base's round."""
    totals: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    changed: set[str] = field(default_factory=set)
    tokens: int = 0
    began: float | None = None

    def expect(self, one: Round, wanted: list[Request]) -> None:
        """A round will bring these."""
        self.expected[one.base] = len(wanted)
        for part, count in Counter(map(_part, wanted)).items():
            self.totals[part] = count

    def start(self) -> None:
        """The engine is loaded and about to answer."""
        self.began = self.clock() if self.began is None else self.began

    def count(self, completion: Completion) -> None:
        """One has come."""
        part = _part(completion.request)
        self.done[part] += 1
        self.changed.add(part)
        self.tokens += completion.tokens or 0

    def show(self) -> None:
        """Tell the parts that went on, then the whole."""
        for part in sorted(self.changed):
            self.progress("responses", self.done[part], self.totals[part], part=part)
        self.changed.clear()
        seconds = self.clock() - (self.began or 0.0)
        note = f"{self.tokens / seconds:,.0f} tokens/s" if self.tokens and seconds > 0 else ""
        self.progress("responses", self.done.total(), sum(self.expected.values()), note)


def _part(request: Request) -> str:
    return f"{request.task}: {request.name}"
