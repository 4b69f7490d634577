"""Asks: brings in every response that a run does not hold yet, one round of subjects after the other.

An adapter is asked only once it is known to change something, and a base only if such an adapter is there.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from assay.binding import Bound, Cell, Round
from assay.engines import Completion, Liveness, Prompt, Session, cut_after
from assay.engines.api import PROBED
from assay.progress import Progress, silent
from assay.records import Store, digest
from assay.stopping import Stopping

__all__ = ["ask"]

_Lacking = dict[tuple[str, str], list[Prompt]]
"""Requests without a response, by subject and content of a cell."""


def ask(bound: Bound, store: Store, progress: Progress = silent, to_the_end: bool = False) -> None:
    """Ask for what is missing and keep it as it comes; interrupted, it goes on where it stopped.

    With `stop: decided`, until nothing is left that could change a verdict, or else `to_the_end`.
    """
    meter, stopping = _Meter(progress), Stopping(bound, store, to_the_end)
    for one in bound.rounds:
        _recall_liveness(one, store)
        meter.expect(one, _askable(one, _lacking((*one.cells, *one.again), store), store))
    if kept := store.count():
        progress("responses kept from before", kept, kept)
    for one in bound.rounds:
        _ask(one, store, meter, stopping)
    store.set_fact("responses_complete", True)


def _ask(one: Round, store: Store, meter: _Meter, stopping: Stopping) -> None:
    """Load what answers, if anything is missing, and ask it: the adapters with their base, then the base alone."""
    unknown = _recall_liveness(one, store)
    # Looked up anew: a round before may have brought responses of the same content.
    first, again = _lacking(one.cells, store), _lacking(one.again, store)
    left = _askable(one, first, store), _askable(one, again, store)
    if not unknown and not stopping.needed(one, left[0]) and not stopping.repeated(one, left[1]):
        for _ in stopping.stages(one, ()):  # a start before may have ended between a response and its look
            pass
        return
    with one.open() as engine:
        _note_failed(one, engine, store, stopping)
        _look(one, engine, unknown, store)
        meter.expect(one, _askable(one, first | again, store))
        for wanted in stopping.stages(one, _askable(one, first, store)):
            _complete(one, engine, wanted, store, meter)
            _note_failed(one, engine, store, stopping)
        _complete(one, engine, stopping.repeated(one, _askable(one, again, store)), store, meter)
        _note_failed(one, engine, store, stopping)
        meter.end(one)


def _complete(one: Round, engine: Session, wanted: Sequence[Prompt], store: Store, meter: _Meter) -> None:
    """Ask all of these, and keep each response as it comes."""
    marks = {(cell.name, cell.task): cell.after for cell in (*one.cells, *one.again)}
    _note_provenance({**one.provenance, **engine.provenance}, wanted, store)

    def judged(completions: Iterable[Completion]) -> Iterator[Completion]:
        for completion in completions:
            mark = marks[completion.prompt.name, completion.prompt.task]
            meter.count(one, completion)
            yield (
                replace(completion, skip=cut_after(completion.text, mark, completion.prompt.text))
                if mark
                else completion
            )

    meter.start()
    for _ in store.append(judged(engine.complete(wanted))):
        meter.show()


# -- what is missing -----------------------------------------------------------------------------


def _lacking(cells: Iterable[Cell], store: Store) -> _Lacking:
    """Cells of which the run does not hold every response."""
    return {
        (cell.ask.subject, digest([cell.identity, cell.protocol, cell.task])): missing
        for cell in cells
        if (missing := _missing(cell, store))
    }


def _missing(cell: Cell, store: Store) -> list[Prompt]:
    held = store.held(cell.name, cell.task)
    return [one for one in cell.requests() if (one.example, one.sample, one.request) not in held]


def _askable(one: Round, lacking: _Lacking, store: Store) -> list[Prompt]:
    """What can be asked now: nothing of subjects that are absent, nor of the base where no adapter is left."""
    absent = store.fact("absent")
    if one.base and not set(one.adapters) - set(absent):
        return []
    once: dict[str, list[Prompt]] = {}  # names that mean the same content share the responses
    for (subject, content), missing in lacking.items():
        if subject not in absent:
            once.setdefault(content, missing)
    return [request for missing in once.values() for request in missing]


# -- what is known of adapters -------------------------------------------------------------------


def _recall_liveness(one: Round, store: Store) -> list[str]:
    """Leave out adapters that an earlier start found to change nothing; names those not looked at yet.

    One that changed nothing is looked at again under other prompts: trained tokens, say, may stand in a new template.
    """
    known = store.fact("liveness") or {}
    unknown = []
    for name, identity in one.adapters.items():
        found = known.get(digest(identity))
        if found is None or (
            found["reason"] and (found.get("again") or found.get("asked") != _asked(one, name))
        ):
            unknown.append(name)
        elif found["reason"]:
            _note_absent(store, {name: found["reason"]}, found["verdict"])
    return unknown


def _look(one: Round, engine: Session, unknown: Sequence[str], store: Store) -> None:
    """Keep what each of these changes, but those that failed."""
    alive = [name for name in unknown if name not in engine.failed]
    for found in engine.liveness(alive, {name: _shortest_prompts(one, name) for name in alive}):
        _keep_liveness(one, found, store)


def _shortest_prompts(one: Round, name: str) -> list[str]:
    """One prompt of each task, at most PROBED, as it is sent to an adapter."""
    cells = [cell for cell in one.cells if cell.name == name and cell.sent]
    return [min(cell.sent.values(), key=len) for cell in cells[:PROBED]]


def _asked(one: Round, name: str) -> str:
    """Of the prompts that an adapter is looked at with."""
    return digest(_shortest_prompts(one, name))


def _keep_liveness(one: Round, found: Liveness, store: Store) -> None:
    asked = {"asked": _asked(one, found.adapter)} if found.reason else {}
    entry = asdict(found) | {"reason": found.reason, "verdict": found.verdict} | asked
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


def _note_failed(one: Round, engine: Session, store: Store, stopping: Stopping) -> None:
    """Leave out adapters that failed, but those of which nothing more is needed."""
    failed = engine.failed
    reasons = {
        name: failed[name]
        for cell in one.cells
        if (name := cell.ask.subject) in failed and stopping.needed(one, _missing(cell, store))
    }
    _note_absent(store, reasons, "not measured")


def _note_provenance(made: Mapping[str, str], wanted: Iterable[Prompt], store: Store) -> None:
    """Keep what software is about to answer these, beside what did before."""
    seen: dict[str, list[Mapping[str, str]]] = store.fact("provenance") or {}
    for name, task in dict.fromkeys((request.name, request.task) for request in wanted):
        versions = seen.setdefault(str(store.content(name, task)), [])
        if made not in versions:
            versions.append(made)
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
    came: Counter[str] = field(default_factory=Counter)
    """Responses of each base's round so far."""
    changed: set[str] = field(default_factory=set)
    tokens: int = 0
    began: float | None = None

    def expect(self, one: Round, wanted: list[Prompt]) -> None:
        """A round will bring these."""
        self.expected[one.base] = len(wanted)
        for part, count in Counter(map(_part, wanted)).items():
            self.totals[part] = count

    def end(self, one: Round) -> None:
        """A round is over: what was not asked in it will not come."""
        self.expected[one.base] = self.came[one.base]
        for part in (f"{cell.task}: {cell.name}" for cell in one.cells):
            if self.done[part] < self.totals[part]:
                self.totals[part] = self.done[part]
                self.changed.add(part)
        self.show()

    def start(self) -> None:
        """The engine is loaded and about to answer."""
        self.began = self.clock() if self.began is None else self.began

    def count(self, one: Round, completion: Completion) -> None:
        """One has come."""
        self.came[one.base] += 1
        part = _part(completion.prompt)
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


def _part(request: Prompt) -> str:
    return f"{request.task}: {request.name}"
