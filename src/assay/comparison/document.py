"""A comparison as plain data: what `assay compare --json` prints, and its schema. It computes nothing."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from assay.comparison.causes import Cause
from assay.comparison.comparison import Comparison, Line, word
from assay.comparison.facts import Side
from assay.plan import MetricName
from assay.verdicts import Cell, ClaimResult
from assay.verdicts.result import Interval

__all__ = ["Document", "document", "schema"]


@dataclass(frozen=True, slots=True)
class Compared:
    """One side of a comparison."""

    folder: str
    """The run's folder, as given."""
    study: str
    """The study's name."""
    adapter: str | None
    """The one adapter that is compared; null: all of them."""
    rule: int
    """Version of the rules that chose the words."""
    claims_sha256: str
    """Digest of the claim block that the run was decided under."""
    notes: tuple[str, ...]
    """What a reader must know before relying on the findings."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a run finds on a metric."""

    adapter: str
    """Its name in the run's study."""
    base: str
    """The name of its base."""
    words: str
    """The verdict with the words that always accompany it; of a cell, `gains elsewhere`, `harms elsewhere`, the reason why there is no gain, or nothing."""
    verdict: str | None
    """The verdict alone; null for a cell, which has none."""
    n: int | None
    """Number of prompts."""
    gain: float | None
    """`score` minus `base_score`."""
    interval: Interval | None
    """Interval of the gain."""
    margin: float
    """The smallest gain or fall that matters."""
    level: float | None
    """Two-sided confidence of `interval`."""
    reason: str | None
    """Why there is no gain."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A claim, or an adapter on an off-target metric, in both runs."""

    metric: str
    """`task.metric`."""
    kind: Literal["gains", "keeps", "exploratory"]
    """Of the claim; `exploratory` where neither run claims anything on the metric."""
    against: str | None
    """The subject that the gain is against; null: the base."""
    left: Found | None
    """Null where the left run has no such finding."""
    right: Found | None
    """Null where the right run has none."""
    changed: bool
    """Whether the words differ."""
    why: str
    """What explains the change, in words; empty where nothing changed or no cause is computed."""
    causes: tuple[Cause, ...]
    """Everything that differs and could change the words of this claim; empty where the words are the same, where a run lacks the claim,
    and for exploratory findings."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that findings depend on and that differs between the runs."""

    what: str
    """For a reader."""
    left: str
    """In the left run."""
    right: str
    """In the right run."""


@dataclass(frozen=True, slots=True)
class Document:
    """Two runs, or two adapters of runs, beside each other."""

    left: Compared
    """The run that is named first."""
    right: Compared
    """The run that is named second."""
    changed: int
    """Number of findings with other words; the command's exit code is 1 where it is not 0."""
    findings: tuple[Finding, ...]
    """Every claim of either run, and every exploratory finding."""
    differences: tuple[Difference, ...]
    """What else differs between the runs."""


def document(comparison: Comparison) -> dict[str, Any]:
    """The comparison as plain data."""
    return asdict(
        Document(
            _side(comparison.left),
            _side(comparison.right),
            len(comparison.changed),
            tuple(map(_finding, comparison.lines)),
            tuple(Difference(each.what, each.left, each.right) for each in comparison.facts if not each.same),
        )
    )


def schema() -> dict[str, Any]:
    """JSON Schema of the data, from the types themselves."""
    from assay.schemas import json_schema

    return json_schema(Document, "assay compare", "serialization")


def _side(side: Side) -> Compared:
    opened = side.opened
    return Compared(
        str(opened.folder),
        opened.result.study,
        side.adapter or None,
        opened.result.rule,
        opened.result.claims_sha256,
        opened.notes,
    )


def _finding(line: Line) -> Finding:
    entries = [entry for entry in (line.left, line.right) if entry is not None]
    kinds = [entry.kind for entry in entries if isinstance(entry, ClaimResult)]
    return Finding(
        metric=str(MetricName.parse(line.metric)),
        kind=kinds[0] if kinds else "exploratory",
        against=entries[0].against,
        left=_found(line.left),
        right=_found(line.right),
        changed=line.changed,
        why=line.why,
        causes=line.causes,
    )


def _found(entry: ClaimResult | Cell | None) -> Found | None:
    if entry is None:
        return None
    claim = entry if isinstance(entry, ClaimResult) else None
    return Found(
        adapter=entry.adapter,
        base=entry.base,
        words=word(entry),
        verdict=None if claim is None else str(claim.verdict),
        n=entry.n,
        gain=entry.gain,
        interval=entry.interval,
        margin=entry.margin,
        level=entry.level,
        reason=entry.reason,
    )
