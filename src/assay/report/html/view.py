"""The page's tables as rows and cells: the matrix, gains by instruction type, the verdict tally. It writes no HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assay.plan import Plan, TaskPlan
from assay.report.html.page_data import PageData, TypeGain
from assay.report.html.scale import step
from assay.stats import Verdict
from assay.verdicts import Cell, ClaimResult, Result
from assay.verdicts.result import Interval

__all__ = [
    "HeatCell",
    "HeatColumn",
    "HeatRow",
    "Tally",
    "TypeTable",
    "columns",
    "heat",
    "splits",
    "tally",
    "types",
]


@dataclass(frozen=True, slots=True)
class Tally:
    """Number of claims with a verdict."""

    word: str
    count: int
    share: float
    """Percent of all claims."""


def tally(result: Result) -> tuple[Tally, ...]:
    """The verdicts of the study, in the order of `Verdict`."""
    counts = result.counts.verdicts
    return tuple(
        Tally(word, counts[word], 100 * counts[word] / max(1, result.counts.claims))
        for word in Verdict
        if counts.get(word)
    )


@dataclass(frozen=True, slots=True)
class HeatColumn:
    """A metric of the matrix."""

    metric: str
    task: str
    short: str
    title: str
    primary: bool
    capability: str
    examples: int


@dataclass(frozen=True, slots=True)
class HeatCell:
    """A subject on a metric."""

    score: float | None
    gain: float | None
    interval: Interval | None
    level: float | None
    step: str
    claimed: bool
    primary: bool


@dataclass(frozen=True, slots=True)
class HeatRow:
    """A subject."""

    subject: str
    base: str | None
    cells: tuple[HeatCell, ...]


def columns(result: Result, tasks: Mapping[str, TaskPlan], data: PageData) -> tuple[HeatColumn, ...]:
    """The metrics of the matrix, with their descriptions."""
    found = []
    for name, task in tasks.items():
        for index, metric in enumerate(task.metrics):
            key = f"{name}.{metric.name}"
            if key in result.matrix.metrics:
                count = data.examples.get(name, 0)
                found.append(
                    HeatColumn(key, name, metric.name, metric.title, index == 0, task.capability, count)
                )
    return tuple(found)


def heat(result: Result, plan: Plan, metrics: Sequence[HeatColumn]) -> tuple[HeatRow, ...]:
    """The raw matrix with gains, intervals and colour steps."""
    everything: list[ClaimResult | Cell] = [*result.cells, *result.claims]
    entries = {(entry.adapter, entry.metric): entry for entry in everything if entry.against is None}
    return tuple(
        HeatRow(
            row.subject,
            row.base,
            tuple(
                _heat_cell(
                    row.scores[column.metric],
                    row.gains[column.metric],
                    entries.get((row.subject, column.metric)),
                    plan.margin,
                    column,
                )
                for column in metrics
            ),
        )
        for row in result.matrix.rows
    )


def _heat_cell(
    score: float | None,
    gain: float | None,
    entry: ClaimResult | Cell | None,
    margin: float,
    column: HeatColumn,
) -> HeatCell:
    if entry is not None and entry.gain is not None:
        gain = entry.gain
    return HeatCell(
        score,
        gain,
        entry.interval if entry else None,
        entry.level if entry else None,
        step(gain, entry.margin if entry else margin),
        isinstance(entry, ClaimResult),
        column.primary,
    )


def splits(
    result: Result, metrics: Sequence[HeatColumn]
) -> tuple[tuple[str, tuple[ClaimResult | Cell, ...]], ...]:
    """Gains by cause on claimed metrics and primary ones, by metric in the order of the matrix."""
    claimed = {claim.metric for claim in result.claims}
    everything: list[ClaimResult | Cell] = [*result.claims, *result.cells]
    entries = [entry for entry in everything if entry.split is not None]
    tables = (
        (column.metric, tuple(entry for entry in entries if entry.metric == column.metric))
        for column in metrics
        if column.primary or column.metric in claimed
    )
    return tuple((metric, found) for metric, found in tables if found)


@dataclass(frozen=True, slots=True)
class TypeTable:
    """Gains by instruction type on one task."""

    task: str
    adapters: tuple[str, ...]
    rows: tuple[tuple[str, int, tuple[TypeGain | None, ...]], ...]
    """(type, checks, a gain for each adapter)"""


def types(data: PageData) -> tuple[TypeTable, ...]:
    """A table for each task that has instruction types."""
    tables = []
    for task in dict.fromkeys(entry.task for entry in data.types):
        gains = {(entry.type, entry.adapter): entry for entry in data.types if entry.task == task}
        adapters = tuple(dict.fromkeys(adapter for _, adapter in gains))
        checks = {kind: entry.checks for (kind, _), entry in gains.items()}
        rows = tuple(
            (kind, count, tuple(gains.get((kind, adapter)) for adapter in adapters))
            for kind, count in checks.items()
        )
        tables.append(TypeTable(task, adapters, rows))
    return tuple(tables)
