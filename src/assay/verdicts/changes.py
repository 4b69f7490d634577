"""What else changed in the responses of an adapter that gained or fell. Described, never decided.

Read from a run's records, one adapter and task at a time, and only where the interval of a gain excludes 0 (and
where few prompts differ, the sign test agrees).
Language is left out: to detect it takes longer than all the rest of a decision.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay import stats
from assay.records import Store
from assay.records.written import written
from assay.study import Study
from assay.tasks import Example, Task
from assay.verdicts.clusters import clusters_of
from assay.verdicts.described import Change, Difference, TypeDifference
from assay.verdicts.early import Early, cell_key
from assay.verdicts.measure import Measured, Measurements
from assay.verdicts.result import Cell, ClaimResult
from assay.verdicts.texts import refuses, repeats

__all__ = ["MEASURES", "changes"]

MEASURES = {
    "characters": "length of the judged text, in characters",
    "tokens": "length of the whole response, in tokens, where they were counted",
    "truncated": "share that ended at the token limit, where the ending was noted",
    "empty": "share without any text",
    "repeated": "share where more than half of the runs of four words came before",
    "refused": "share that open as a refusal does, in English",
    "extractable": "share with an answer that the task could extract, where it notes that",
}
"""What each measure says."""
LENGTHS = ("characters", "tokens")
READ = ("characters", "tokens", "truncated", "empty", "repeated", "refused")
MOST = 2000
"""Prompts of a task whose texts are read, about: more would take time and change no second digit."""
LEVEL = 0.95

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Texts:
    """One subject's responses to a task, measured; a row a prompt."""

    positions: NDArray[np.int64]
    """(prompts,), rising."""
    means: Floats
    """(prompts, measures of READ) over a prompt's responses; NaN where not known."""


def changes(
    study: Study,
    tasks: Mapping[str, Task],
    store: Store,
    measured: Measurements,
    entries: Sequence[ClaimResult | Cell],
) -> tuple[Change, ...]:
    """One for each adapter and task where a claimed metric, else the primary one, gained or fell."""
    reader = _Reader(store, measured)
    moved = _moved(study, tasks, measured, entries)
    return tuple(
        change
        for (adapter, name), entry in moved.items()
        if (change := reader.change(entry, adapter, name, tasks[name])) is not None
    )


def _moved(
    study: Study, tasks: Mapping[str, Task], measured: Measurements, entries: Sequence[ClaimResult | Cell]
) -> dict[tuple[str, str], ClaimResult | Cell]:
    """By adapter and task, in the order of the study: the first entry that gained or fell, as verdicts say it."""
    primary = {f"{name}.{task.metrics[0].name}" for name, task in tasks.items()}
    found: dict[tuple[str, str], ClaimResult | Cell] = {}
    for entry in entries:
        if isinstance(entry, Cell) and entry.metric not in primary:
            continue
        cell = measured.cells[entry.adapter, entry.metric]
        if isinstance(cell, Measured) and entry.level and stats.side(cell.gain, (1 - entry.level) / 2):
            found.setdefault((entry.adapter, entry.metric.rpartition(".")[0]), entry)
    order = [(adapter.name, name) for adapter in study.adapters for name in tasks]
    return {key: found[key] for key in order if key in found}


class _Reader:
    """Reads what is asked for once; a base's texts serve all of its adapters."""

    def __init__(self, store: Store, measured: Measurements) -> None:
        self._store = store
        self._measured = measured
        self._early = Early.of(store)
        self._examples: dict[str, tuple[Example, ...]] = {}
        self._texts: dict[tuple[str, str], _Texts | None] = {}
        self._passes: dict[tuple[str, str], dict[str, Sequence[bool]]] = {}

    def change(self, entry: ClaimResult | Cell, adapter: str, name: str, task: Task) -> Change | None:
        """None where no text was generated, as where continuations were scored."""
        side = self._measured.counterparts.get((adapter, name))
        if side is None or entry.gain is None:
            return None
        if name not in self._examples:
            self._examples[name] = self._store.examples(name)
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
        clusters = clusters_of(task, self._examples[name]) if type(task).cluster is not Task.cluster else None
        groups = np.arange(len(both)) if clusters is None else clusters[both]
        return Change(
            adapter=adapter,
            base=entry.base,
            task=name,
            metric=entry.metric,
            gain=entry.gain,
            prompts=len(both),
            level=LEVEL,
            differences=(*differences(before, after, groups), *self._extractable(entry, adapter, name, task)),
            types=tuple(self._types(adapter, side, name, task, looked_at)),
        )

    def _looked_at(self, adapter: str, name: str) -> NDArray[np.int64] | None:
        """Positions at the last look, in a run that stops early; None: whatever both sides answered."""
        if self._early is None:
            return None
        looks = self._early.looks.get(cell_key(self._store, adapter, name), ())
        return np.array(self._early.orders[name][: max(looks)], dtype=np.int64) if looks else None

    def _of_base(self, side: str, name: str) -> _Texts | None:
        if (side, name) not in self._texts:
            self._texts[side, name] = self._read(side, name)
        return self._texts[side, name]

    def _read(self, subject: str, name: str) -> _Texts | None:
        step = 1 if self._early else -(-len(self._examples[name]) // MOST)
        positions, rows = [], []
        for position, text, tokens, finish in written(self._store, subject, name, step):
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

    def _extractable(
        self, entry: ClaimResult | Cell, adapter: str, name: str, task: Task
    ) -> Iterator[Difference]:
        metric = next(one for one in task.metrics if f"{name}.{one.name}" == entry.metric)
        cell = self._measured.cells.get((adapter, f"{name}.{metric.extracted_by}"))
        if isinstance(cell, Measured):
            yield Difference(
                "extractable", cell.base_score, cell.score, cell.gain.estimate, cell.gain.interval(LEVEL)
            )

    def _types(
        self, adapter: str, side: str, name: str, task: Task, looked_at: NDArray[np.int64] | None
    ) -> Iterator[TypeDifference]:
        """Of a task whose examples name instruction types, one sample a prompt."""
        examples = self._examples[name]
        if not any(example.data.get("instruction_id_list") for example in examples[:1]):
            return
        if (side, name) not in self._passes:
            self._passes[side, name] = self._strict(side, name, task)
        before, after = self._passes[side, name], self._strict(adapter, name, task)
        chosen = examples if looked_at is None else [examples[position] for position in looked_at]
        yield from type_differences(chosen, before, after)

    def _strict(self, subject: str, name: str, task: Task) -> dict[str, Sequence[bool]]:
        """By example; empty where there are several samples."""
        found: dict[str, Sequence[bool]] = {}
        for key, sample, detail in self._store.details(subject, name, task.scorer):
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

    before, after: (prompts, measures), the same prompts; groups: (prompts,), equal where prompts are no
    independent evidence. Shares get the interval of a gain, lengths Student's over the groups.
    """
    _, own = np.unique(groups, return_inverse=True)
    weights = np.bincount(own).astype(np.float64)
    for index, measure in enumerate(READ):
        one, other = before[:, index], after[:, index]
        if np.isnan(one).any() or np.isnan(other).any():
            continue
        change = np.bincount(own, weights=other - one).astype(np.float64)
        interval = _of_length(change, weights) if measure in LENGTHS else _of_share(change, weights)
        yield Difference(
            measure, float(one.mean()), float(other.mean()), float((other - one).mean()), interval
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
    examples: Sequence[Example], before: Mapping[str, Sequence[bool]], after: Mapping[str, Sequence[bool]]
) -> Iterator[TypeDifference]:
    """Checks passed by instruction type, over examples judged on both sides, in the order of the types' names."""
    passed: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0, 0]))
    for example in (one for one in examples if one.key in before and one.key in after):
        names = example.data.get("instruction_id_list") or ()
        for kind, old, new in zip(names, before[example.key], after[example.key], strict=False):
            row = passed[str(kind)][example.key]
            row[0], row[1], row[2] = row[0] + bool(old), row[1] + bool(new), row[2] + 1
    for kind in sorted(passed):
        base, adapter, checks = np.array(list(passed[kind].values())).T
        gain, total = stats.paired_gain(base, adapter, checks), int(checks.sum())
        shares = (float(base.sum() / total), float(adapter.sum() / total))
        yield TypeDifference(kind, total, *shares, gain.estimate, gain.interval(LEVEL))
