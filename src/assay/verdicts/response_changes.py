"""What else changed in the responses of an adapter that gained or fell. It describes and decides nothing.

Read from a run's records, one adapter and task at a time, and only where the interval of a gain excludes 0.
Language is left out: detecting it takes longer than the rest of the analysis.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay import stats
from assay.plan import MetricName, Plan, TaskPlan
from assay.tasks import Example
from assay.verdicts.descriptive import Change, Difference, TypeDifference
from assay.verdicts.evidence import Evidence
from assay.verdicts.pair import PairedScores, Pairs
from assay.verdicts.result import Cell, ClaimResult
from assay.verdicts.text_features import refuses, repeats

__all__ = ["MEASURES", "changes"]

MEASURES = {
    "characters": "length of the scored text, in characters",
    "tokens": "length of the whole response, in tokens, if they were counted",
    "truncated": "share that ended at the token limit, if the engine recorded that",
    "empty": "share without any text",
    "repeated": "share in which more than half of the four-word sequences occurred before",
    "refused": "share that begins with an English refusal",
    "extractable": "share with an answer that could be extracted, if the task records that",
}
"""Description of each measure."""
LENGTHS = ("characters", "tokens")
READ = ("characters", "tokens", "truncated", "empty", "repeated", "refused")
MOST = 2000
"""About the number of prompts of a task whose texts are read: more would take time and change no second digit."""
LEVEL = 0.95

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Texts:
    """Measures of one subject's responses to a task, a row for each prompt."""

    positions: NDArray[np.int64]
    """(prompts,), rising."""
    means: Floats
    """(prompts, measures of READ) over a prompt's responses; NaN where not known."""


def changes(
    plan: Plan, evidence: Evidence, pairs: Pairs, entries: Sequence[ClaimResult | Cell]
) -> tuple[Change, ...]:
    """The changes of each adapter and task where a claimed metric, else the primary one, gained or fell."""
    reader = _Reader(evidence, pairs)
    moved = _moved(plan, pairs, entries)
    return tuple(
        change
        for (adapter, name), entry in moved.items()
        if (change := reader.change(entry, adapter, plan.tasks[name])) is not None
    )


def _moved(
    plan: Plan, pairs: Pairs, entries: Sequence[ClaimResult | Cell]
) -> dict[tuple[str, str], ClaimResult | Cell]:
    """By adapter and task, in the order of the study: the first entry that gained or fell, by the rules of verdicts."""
    primary = {task.primary for task in plan.tasks.values()}
    found: dict[tuple[str, str], ClaimResult | Cell] = {}
    for entry in entries:
        metric = MetricName.parse(entry.metric)
        if entry.against or (isinstance(entry, Cell) and metric not in primary):
            continue
        cell = pairs.cells[entry.adapter, metric]
        if isinstance(cell, PairedScores) and entry.level and stats.side(cell.gain, (1 - entry.level) / 2):
            found.setdefault((entry.adapter, metric.task), entry)
    order = [(adapter.name, name) for adapter in plan.adapters for name in plan.tasks]
    return {key: found[key] for key in order if key in found}


class _Reader:
    """Reads each part of the evidence once; a base's texts serve all of its adapters."""

    def __init__(self, evidence: Evidence, pairs: Pairs) -> None:
        self._evidence = evidence
        self._pairs = pairs
        self._schedule = evidence.manifest.schedule
        self._examples: dict[str, tuple[Example, ...]] = {}
        self._texts: dict[tuple[str, str], _Texts | None] = {}
        self._passes: dict[tuple[str, str], dict[str, Sequence[bool]]] = {}

    def change(self, entry: ClaimResult | Cell, adapter: str, task: TaskPlan) -> Change | None:
        """None where no text was generated, for example where continuations were scored."""
        name = task.name
        side = self._pairs.counterparts.get((adapter, name))
        if side is None or entry.gain is None:
            return None
        if name not in self._examples:
            self._examples[name] = self._evidence.examples(name)
        theirs, ours = self._of_base(side, name), self._read(adapter, name)
        if theirs is None or ours is None:
            return None
        looked_at = self._looked_at(adapter, name)
        both = np.intersect1d(theirs.positions, ours.positions)
        if looked_at is not None:
            both = np.intersect1d(both, looked_at)
        if not len(both):
            return None
        before, after = (side.means[np.searchsorted(side.positions, both)] for side in (theirs, ours))
        clusters = self._evidence.clusters(name)
        groups = np.arange(len(both)) if clusters is None else clusters[both]
        return Change(
            adapter=adapter,
            base=entry.base,
            task=name,
            metric=entry.metric,
            gain=entry.gain,
            prompts=len(both),
            level=LEVEL,
            differences=(*differences(before, after, groups), *self._extractable(entry, adapter, task)),
            types=tuple(self._types(adapter, side, name, looked_at)),
        )

    def _looked_at(self, adapter: str, name: str) -> NDArray[np.int64] | None:
        """Positions at the last look, in a run that stops early; None: all positions that both sides answered."""
        if self._schedule is None:
            return None
        looks = self._schedule.looks.get(f"{name} {self._evidence.content(adapter, name) or ''}", ())
        return np.array(self._schedule.orders[name][: max(looks)], dtype=np.int64) if looks else None

    def _of_base(self, side: str, name: str) -> _Texts | None:
        if (side, name) not in self._texts:
            self._texts[side, name] = self._read(side, name)
        return self._texts[side, name]

    def _read(self, subject: str, name: str) -> _Texts | None:
        step = 1 if self._schedule else -(-len(self._examples[name]) // MOST)
        positions, rows = [], []
        for position, text, tokens, finish in self._evidence.written(subject, name, step):
            positions.append(position)
            rows.append(_measure(text, tokens, finish))
        if not rows:
            return None
        own, index, counts = np.unique(
            np.array(positions, dtype=np.int64), return_inverse=True, return_counts=True
        )
        sums = np.zeros((len(own), len(READ)))
        np.add.at(sums, index, np.array(rows, dtype=np.float64))
        return _Texts(own, sums / counts[:, None])

    def _extractable(self, entry: ClaimResult | Cell, adapter: str, task: TaskPlan) -> Iterator[Difference]:
        extracted = task.metric(MetricName.parse(entry.metric).name).extracted_by
        cell = self._pairs.cells.get((adapter, MetricName(task.name, extracted))) if extracted else None
        if isinstance(cell, PairedScores):
            yield Difference(
                "extractable", cell.base_score, cell.score, cell.gain.estimate, cell.gain.interval(LEVEL)
            )

    def _types(
        self, adapter: str, side: str, name: str, looked_at: NDArray[np.int64] | None
    ) -> Iterator[TypeDifference]:
        """Of a task whose examples name instruction types, one sample a prompt."""
        examples = self._examples[name]
        if not any(example.data.get("instruction_id_list") for example in examples[:1]):
            return
        if (side, name) not in self._passes:
            self._passes[side, name] = self._strict(side, name)
        before, after = self._passes[side, name], self._strict(adapter, name)
        clusters = self._evidence.clusters(name)
        positions = np.arange(len(examples)) if looked_at is None else looked_at
        chosen = [examples[position] for position in positions]
        yield from type_differences(
            chosen, before, after, positions if clusters is None else clusters[positions]
        )

    def _strict(self, subject: str, name: str) -> dict[str, Sequence[bool]]:
        """By example; empty where there are several samples."""
        found: dict[str, Sequence[bool]] = {}
        for key, sample, detail in self._evidence.details(subject, name):
            if sample or "strict" not in detail:
                return {}
            found[key] = detail["strict"]
        return found


def _measure(text: str, tokens: int | None, finish: str | None) -> tuple[float, ...]:
    """One response, in the order of READ."""
    return (
        len(text),
        np.nan if tokens is None else tokens,
        np.nan if finish is None else finish == "length",
        not text.strip(),
        repeats(text),
        refuses(text),
    )


def differences(before: Floats, after: Floats, groups: NDArray[np.int64]) -> Iterator[Difference]:
    """Each measure of READ that is known of every prompt on both sides, with its interval.

    before, after: (prompts, measures), the same prompts; groups: (prompts,), equal where prompts are not
    independent evidence. Shares get the interval of a gain, lengths Student's over the groups.
    """
    _, own = np.unique(groups, return_inverse=True)
    weights = np.bincount(own).astype(np.float64)
    for index, measure in enumerate(READ):
        base, adapter = before[:, index], after[:, index]
        if np.isnan(base).any() or np.isnan(adapter).any():
            continue
        change = np.bincount(own, weights=adapter - base).astype(np.float64)
        interval = _of_length(change, weights) if measure in LENGTHS else _of_share(change, weights)
        yield Difference(
            measure, float(base.mean()), float(adapter.mean()), float((adapter - base).mean()), interval
        )


def _of_length(change: Floats, weights: Floats) -> tuple[float, float] | None:
    if np.count_nonzero(change) < stats.FEW:
        return None
    return stats.ratio_interval(change, weights, LEVEL)


def _of_share(change: Floats, weights: Floats) -> tuple[float, float]:
    if (weights == 1).all() and np.isin(change, (-1, 0, 1)).all():
        gain = stats.PairedGain(int((change > 0).sum()), int((change < 0).sum()), len(change))
        return gain.interval(LEVEL)
    return stats.ClusteredGain(change, weights).interval(LEVEL)


def type_differences(
    examples: Sequence[Example],
    before: Mapping[str, Sequence[bool]],
    after: Mapping[str, Sequence[bool]],
    groups: NDArray[np.int64],
) -> Iterator[TypeDifference]:
    """Checks passed by instruction type, over examples judged on both sides, in the order of the types' names.

    groups: (examples,), equal where examples are not independent evidence.
    """
    passed: dict[str, dict[int, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0, 0]))
    for example, group in zip(examples, groups.tolist(), strict=True):
        if example.key not in before or example.key not in after:
            continue
        names = example.data.get("instruction_id_list") or ()
        for kind, old, new in zip(names, before[example.key], after[example.key], strict=False):
            row = passed[str(kind)][group]
            row[0], row[1], row[2] = row[0] + bool(old), row[1] + bool(new), row[2] + 1
    for kind in sorted(passed):
        base, adapter, checks = np.array(list(passed[kind].values())).T
        gain, total = stats.paired_gain(base, adapter, checks), int(checks.sum())
        shares = (float(base.sum() / total), float(adapter.sum() / total))
        yield TypeDifference(kind, total, *shares, gain.estimate, gain.interval(LEVEL))
