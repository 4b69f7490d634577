"""How far a run is that is not complete: its records counted, its events folded, its settled claims judged.

It renders nothing. A verdict is shown once the run's own looks settled its claim.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

from assay.engines.api import is_again
from assay.errors import AssayError
from assay.plan import Plan, Problem
from assay.progress import duration
from assay.records import Event, Manifest, Refusal, Store
from assay.records.browsing import answered, samples, sizes, under_way
from assay.records.events import fold
from assay.runs.decided import plan_of_run, reading, state_of
from assay.runs.evidence import RunEvidence
from assay.runs.run import State, resolved_again
from assay.verdicts.claims import judge_claims
from assay.verdicts.pair import Pairs
from assay.verdicts.result import ClaimResult
from assay.view.folder import Entry

__all__ = ["Following", "Part", "Progress", "Rate"]

LATEST = 12
"""Events that are listed."""
SHARE = 0.1
"""Of the time, at most, that judging settled claims may take."""
STAGES: Mapping[str, str] = {
    "started": "preparing",
    "plan": "preparing",
    "liveness": "probing adapters",
    "provenance": "generating",
    "progress": "generating",
    "look": "generating",
    "settled": "generating",
    "generated": "scoring",
    "verifier": "scoring",
    "judge": "scoring",
    "analyzing": "scoring",
}
"""What a run does after an event."""


@dataclass(frozen=True, slots=True)
class Part:
    """A subject on a task."""

    subject: str
    task: str
    done: int
    """Prompts answered, once a sample."""
    total: int
    status: str
    """`waiting`, `under way`, `complete`, `settled at 96`, `not applied`, ..."""

    @property
    def percent(self) -> int:
        """Of its prompts."""
        return 100 * self.done // max(self.total, 1)


@dataclass(frozen=True, slots=True)
class Rate:
    """How fast it goes, as the run noted last."""

    done: int
    total: int
    """Responses since this start."""
    tokens_per_second: float
    left: str
    """The time left in words; empty where it is not known."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is."""

    entry: Entry
    state: State
    reason: str
    """Why it failed."""
    stage: str
    """What it does now."""
    study: str
    plan: Plan | None
    """None before it is entered."""
    parts: tuple[Part, ...]
    rate: Rate | None
    under_way: int
    """Generations whose tokens so far are kept."""
    settled: tuple[ClaimResult, ...]
    """Claims that the run's looks settled, with their verdicts."""
    refused: Mapping[str, Refusal]
    problems: tuple[Problem, ...]
    latest: tuple[tuple[str, str], ...]
    """(time, words) of the newest events, the newest first."""

    @property
    def done(self) -> int:
        """Prompts answered."""
        return sum(part.done for part in self.parts)

    @property
    def total(self) -> int:
        """Prompts to answer, at most."""
        return sum(part.total for part in self.parts)


class Following:
    """Follows one run. Events that were read are not read again; shared by threads."""

    def __init__(self, entry: Entry) -> None:
        self._entry = entry
        self._lock = Lock()
        self._manifest = Manifest()
        self._since = 0
        self._rate: Event | None = None
        self._latest: list[Event] = []
        self._settled: dict[tuple[str, str], int] = {}
        """By adapter and task: prompts at the stop."""
        self._judged: tuple[ClaimResult, ...] = ()
        self._judged_at = (0, 0.0)
        """Cells that were settled then, and the time until which they are not judged again."""
        self._plan: Plan | None = None

    def now(self) -> Progress:
        """How far it is now. Raises AssayError where the run cannot be read."""
        with self._lock, reading(self._entry.path) as store:
            self._take(store.events(self._since))
            state, reason = state_of(self._entry.path, store)
            if self._plan is None and self._manifest.study is not None:
                self._plan = plan_of_run(self._entry.path, store)
            stage = next((STAGES[event.kind] for event in self._latest if event.kind in STAGES), "preparing")
            return Progress(
                self._entry,
                state,
                reason,
                stage if state == "running" else "",
                self._manifest.study or "",
                self._plan,
                tuple(self._parts(store)),
                self._rated() if state == "running" else None,
                under_way(store),
                self._verdicts(store),
                self._manifest.refused,
                self._manifest.problems,
                tuple((event.at, words) for event in self._latest if (words := _words(event)))[:LATEST],
            )

    def _take(self, events: list[Event]) -> None:
        for event in events:
            if event.kind in ("started", "plan"):
                self._rate, self._plan = None, None
            elif event.kind == "progress":
                self._rate = event
            elif event.kind == "settled":
                self._settled[event.data["adapter"], event.data["task"]] = event.data["n"]
        if events:
            self._since = events[-1].id
            self._manifest = fold(events, self._manifest)
            self._latest = [*reversed(events), *self._latest][: 40 * LATEST]

    def _parts(self, store: Store) -> Iterator[Part]:
        several, examples = samples(store), sizes(store)
        for (name, task), done in answered(store).items():
            if is_again(name):
                continue  # how many prompts are asked twice is drawn at the end
            total = examples[task] * several[name, task]
            stop, refusal = self._settled.get((name, task)), self._manifest.refused.get(name)
            status = "complete" if done >= total else "under way" if done else "waiting"
            if refusal is not None:
                status = str(refusal.verdict)
            elif stop is not None and done < total:
                status, total = f"settled at {stop:,}", max(done, stop)
            yield Part(name, task, done, total, status)

    def _rated(self) -> Rate | None:
        if self._rate is None:
            return None
        data: Mapping[str, Any] = self._rate.data
        seconds = data.get("seconds_left")
        at_most = "at most " if data.get("at_most") else ""
        left = "" if seconds is None else f"{at_most}{duration(seconds)}"
        return Rate(data["done"], data["total"], data["tokens_per_second"], left)

    def _verdicts(self, store: Store) -> tuple[ClaimResult, ...]:
        """Judged again when more cells are settled, if that does not take too much of the time."""
        count, until = self._judged_at
        if self._settled and len(self._settled) != count and time.monotonic() >= until:
            began = time.monotonic()
            try:
                self._judged = tuple(self._judge(store))
            except AssayError:
                self._judged = ()
            taken = time.monotonic() - began
            self._judged_at = len(self._settled), time.monotonic() + taken / SHARE
        return self._judged

    def _judge(self, store: Store) -> Iterator[ClaimResult]:
        plan, tasks = resolved_again(self._entry.path, store)
        claims = judge_claims(plan, Pairs(plan, RunEvidence(store, tasks)))
        for claim, result in zip(plan.claims, claims, strict=True):
            if (claim.subject.name, claim.metric.task) in self._settled:
                yield result


def _words(event: Event) -> str:
    """An event as a line for a reader; empty for one that says nothing to them."""
    data = event.data
    match event.kind:
        case "started":
            return f"started: {data['study']}"
        case "refused":
            return f"{data['adapter']}: {data['verdict']}: {data['reason']}"
        case "settled":
            return f"{data['adapter']} on {data['task']}: settled at {data['n']:,} prompts"
        case "progress":
            return (
                f"{data['done']:,} of {data['total']:,} responses, {data['tokens_per_second']:,.0f} tokens/s"
            )
        case "failed":
            return f"failed: {data['error']}"
        case "generated":
            return "every response is stored"
        case "stopped" | "analyzed" | "analyzing":
            return event.kind
    return ""
