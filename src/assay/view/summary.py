"""One run's line in the list of runs: state, verdicts, gate. It reads `verdicts.json` and the newest events alone."""

from __future__ import annotations

import time
from dataclasses import dataclass
from threading import Lock

from assay.errors import AssayError
from assay.records.browsing import last_event
from assay.report import apply_gate, read_result
from assay.report.gate import Outcome
from assay.report.html.view import Tally, tally
from assay.runs.decided import gate_edited, policy_of_run, reading, state_of
from assay.runs.heartbeat import beats
from assay.runs.run import State
from assay.verdicts import Cell, ClaimResult, Result
from assay.view.folder import Entry, Stamp

__all__ = ["Summaries", "Summary"]


@dataclass(frozen=True, slots=True)
class Summary:
    """What the list says of a run."""

    entry: Entry
    state: State | None
    """None: it cannot be read."""
    study: str = ""
    reason: str = ""
    """Why it failed, or cannot be read."""
    tally: tuple[Tally, ...] = ()
    """Its verdicts; empty before it is complete."""
    gate: Outcome | None = None
    """None too where the policy was edited since the run was decided."""
    adapters: tuple[str, ...] = ()
    """With a claim or a measured metric."""
    bases: tuple[str, ...] = ()


class Summaries:
    """Summaries of runs, each kept until one of its files changes. Shared by threads."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[tuple[Stamp, bool, int], Summary]] = {}
        """By key: its files, whether some process wrote to it then, and the hour, as a gate's policy may let results expire."""
        self._lock = Lock()

    def of(self, entry: Entry) -> Summary:
        """The summary of a run. A run that cannot be read has one too, with the reason."""
        now = entry.stamp(), beats(entry.path), int(time.time() / 3600)
        with self._lock:
            kept = self._kept.get(entry.key)
        if kept is not None and kept[0] == now:
            return kept[1]
        made = _summary(entry)
        with self._lock:
            self._kept[entry.key] = (now, made)
        return made


def _summary(entry: Entry) -> Summary:
    try:
        with reading(entry.path) as store:
            state, reason = state_of(entry.path, store)
            started = last_event(store, "started")
            study = str(started.data["study"]) if started else ""
            result = read_result(entry.path) if state == "complete" else None
            if result is None:
                return Summary(entry, state, study, reason)
            policy = policy_of_run(entry.path, store)
            gate = None if gate_edited(policy, store) else apply_gate(result, policy).outcome
            return Summary(entry, state, study, reason, tally(result), gate, *_names(result))
    except (AssayError, OSError) as bad:
        return Summary(entry, None, reason=str(bad))


def _names(result: Result) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Adapters and bases, in the order of the findings."""
    entries: list[ClaimResult | Cell] = [*result.claims, *result.cells]
    adapters = dict.fromkeys(entry.adapter for entry in entries)
    return tuple(adapters), tuple(dict.fromkeys(entry.base for entry in entries))
