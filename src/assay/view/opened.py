"""A complete run as a browser shows it: its findings and plan, and the numbers of its flips. It renders nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

from assay.plan import Plan
from assay.records import Store
from assay.records.browsing import flips, instruction_types, samples, sizes
from assay.report.html.page_data import FlipCount
from assay.runs.decided import Decided, decided_run, reading
from assay.verdicts import Cell, ClaimResult, Result
from assay.view.folder import Entry

__all__ = ["Opened", "open_run"]


@dataclass(frozen=True, slots=True)
class Opened(Decided):
    """A complete run."""

    entry: Entry
    examples: dict[str, int]
    """Number of examples of each task."""
    counts: tuple[FlipCount, ...]
    """Flips of each adapter on each task where one response was given to a prompt."""
    types: tuple[str, ...]
    """Instruction types of its examples."""


def open_run(entry: Entry) -> Opened:
    """Open a complete run. Raises AssayError where it cannot be read."""
    with reading(entry.path) as store:
        decided = decided_run(entry.path, entry.name, store)
        known = {field.name: getattr(decided, field.name) for field in fields(decided)}
        return Opened(
            **known,
            entry=entry,
            examples=sizes(store),
            counts=tuple(_counts(decided.result, decided.plan, store)),
            types=instruction_types(store),
        )


def _counts(result: Result, plan: Plan, store: Store) -> Iterator[FlipCount]:
    """In the order of tasks and adapters; counted in the records where the findings count clusters of prompts."""
    several, prompts = samples(store), sizes(store)
    everything: list[ClaimResult | Cell] = [*result.cells, *result.claims]
    entries = {(entry.adapter, entry.metric): entry for entry in everything if entry.against is None}
    for name, task in plan.tasks.items():
        for adapter in plan.adapters:
            entry = entries.get((adapter.name, str(task.primary)))
            one_each = several.get((adapter.name, name), 1) == 1
            if one_each and entry is not None and entry.better is not None and entry.worse is not None:
                fixed, broken = entry.better, entry.worse
                if entry.stop is None and entry.n != prompts.get(name):
                    side = store.counterpart(adapter.name, adapter.base, name) or ""
                    ways = [rises for _, rises in flips(store, adapter.name, side, name, task.scorer)]
                    fixed, broken = ways.count(True), ways.count(False)
                yield FlipCount(adapter.name, name, fixed, broken)
