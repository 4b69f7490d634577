"""Two runs, or two adapters of runs, beside each other: their findings line by line, what else differs, and what of it
explains a claim's other words.

A difference of two gains has no interval here: to test one, a study claims against the other adapter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from assay.comparison.causes import Cause, causes_of
from assay.comparison.evidence import ClaimEvidence
from assay.comparison.facts import Fact, Side, contents_of, facts
from assay.comparison.words import why
from assay.plan import MetricName
from assay.records.browsing import passed
from assay.runs.decided import reading
from assay.verdicts import Cell, ClaimResult
from assay.verdicts.result import DriftResult

__all__ = ["Agreement", "Comparison", "Line", "compare", "word"]


@dataclass(frozen=True, slots=True)
class Line:
    """What both sides find on a metric."""

    adapter: str
    """Empty where each side is one adapter."""
    metric: str
    left: ClaimResult | Cell | None
    right: ClaimResult | Cell | None
    causes: tuple[Cause, ...] = ()
    """What differs, of a claim with other words on both sides; empty for any other line."""

    @property
    def changed(self) -> bool:
        """Whether the words differ."""
        return word(self.left) != word(self.right)

    @property
    def why(self) -> str:
        """What explains the change; empty where nothing changed, or no cause is computed."""
        return why(self.left is not None, self.right is not None, self.causes) if self.changed else ""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two adapters on the same prompts of a task, on its primary metric."""

    task: str
    prompts: int
    left: int
    """Prompts on which the left one does better."""
    right: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two sides beside each other."""

    left: Side
    right: Side
    facts: tuple[Fact, ...]
    lines: tuple[Line, ...]
    drifts: tuple[tuple[str, DriftResult | None, DriftResult | None], ...]
    """(adapter and target, left, right) of the drift's gap."""
    agreement: tuple[Agreement, ...]
    """Of two adapters; empty for two runs."""
    apart: tuple[str, ...]
    """Tasks on which two adapters got other prompts, another protocol or another verifier: nothing is counted there."""

    @property
    def changed(self) -> tuple[Line, ...]:
        """Lines with other words."""
        return tuple(line for line in self.lines if line.changed)


def word(entry: ClaimResult | Cell | None) -> str:
    """What is found, in words; a dash where nothing is."""
    if entry is None:
        return "-"
    return entry.words if isinstance(entry, ClaimResult) else entry.finding or entry.reason or ""


def compare(left: Side, right: Side) -> Comparison:
    """Read both sides, and compute why claims have other words."""
    agreement, apart = _agreement(left, right) if left.adapter and right.adapter else ((), ())
    return Comparison(
        left,
        right,
        tuple(facts(left, right)),
        tuple(_lines(left, right)),
        tuple(_drifts(left, right)),
        agreement,
        apart,
    )


def _entries(side: Side) -> dict[tuple[str, str, str, str], ClaimResult | Cell]:
    """By adapter (empty where the side is one), metric, kind and what it is against."""
    result = side.opened.result
    elsewhere = (cell for cell in result.cells if cell.kind == "exploratory")
    everything: list[ClaimResult | Cell] = [*result.claims, *elsewhere]
    return {
        ("" if side.adapter else entry.adapter, entry.metric, _kind(entry), entry.against or ""): entry
        for entry in everything
        if side.adapter in ("", entry.adapter)
    }


def _kind(entry: ClaimResult | Cell) -> str:
    """Claims of a metric stand beside cells of it."""
    return "keeps" if entry.kind == "keeps" else "gains"


def _lines(left: Side, right: Side) -> Iterator[Line]:
    ours, theirs = _entries(left), _entries(right)
    with reading(left.opened.folder) as left_store, reading(right.opened.folder) as right_store:
        for key in dict.fromkeys((*ours, *theirs)):
            line = Line(key[0], key[1], ours.get(key), theirs.get(key))
            pair = line.left, line.right
            known = all(MetricName.parse(key[1]).task in side.opened.plan.tasks for side in (left, right))
            if (
                line.changed
                and known
                and isinstance(pair[0], ClaimResult)
                and isinstance(pair[1], ClaimResult)
            ):
                evidence = (
                    ClaimEvidence(left.opened, left_store, pair[0]),
                    ClaimEvidence(right.opened, right_store, pair[1]),
                )
                line = replace(line, causes=causes_of(*evidence))
            yield line


def _drifts(left: Side, right: Side) -> Iterator[tuple[str, DriftResult | None, DriftResult | None]]:
    def gaps(side: Side) -> dict[str, DriftResult]:
        return {
            f"{'' if side.adapter else f'{drift.adapter}, '}from {drift.target}": drift
            for drift in side.opened.result.drift
            if drift.variant == "gap"
            and drift.adapter
            and side.adapter in ("", drift.adapter)
            and not drift.against
        }

    ours, theirs = gaps(left), gaps(right)
    for name in dict.fromkeys((*ours, *theirs)):
        yield name, ours.get(name), theirs.get(name)


def _agreement(left: Side, right: Side) -> tuple[tuple[Agreement, ...], tuple[str, ...]]:
    ours, theirs = contents_of(left), contents_of(right)
    shared = [task for task in left.opened.plan.tasks if task in ours and task in theirs]
    alike = [
        task for task in shared if (*ours[task], _scorer(left, task)) == (*theirs[task], _scorer(right, task))
    ]
    counted = tuple(
        Agreement(task, len(pairs), sum(a > b for a, b in pairs), sum(b > a for a, b in pairs))
        for task in alike
        if (pairs := _pairs(_passed(left, task), _passed(right, task)))
    )
    return counted, tuple(task for task in shared if task not in alike)


def _passed(side: Side, task: str) -> Mapping[str, int]:
    with reading(side.opened.folder) as store:
        return passed(store, side.adapter, task, _scorer(side, task))


def _scorer(side: Side, task: str) -> str:
    return side.opened.plan.tasks[task].scorer


def _pairs(left: Mapping[str, int], right: Mapping[str, int]) -> list[tuple[int, int]]:
    return [(value, right[key]) for key, value in left.items() if key in right]
