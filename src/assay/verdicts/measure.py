"""Puts an adapter's scores beside its base's, prompt by prompt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from assay.records import Scores, Store
from assay.scoring.judge import missing_judgements
from assay.stats import ClusteredGain, Gain, PairedGain, Verdict, paired_gain
from assay.study import Study
from assay.tasks import Metric, Task
from assay.verdicts.clusters import by_cluster, clusters_of
from assay.verdicts.early import Early, cell_key, first_prompts, in_prompts
from assay.verdicts.modes import OtherMode
from assay.verdicts.result import Part, Split, Stop

__all__ = ["Measured", "Measurements", "Unmeasured"]


@dataclass(frozen=True, slots=True)
class Unmeasured:
    """A cell without paired evidence, and why; the scores may be known all the same."""

    reason: str
    inert: bool = False
    """The adapter changes nothing."""
    base_score: float | None = None
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """An adapter against its base on one metric."""

    base_score: float
    score: float
    gain: Gain
    differences: NDArray[np.float64]
    """(prompts,) adapter minus base, in units of `out_of`; means over samples."""
    weights: NDArray[np.int64]
    """(prompts,) how many checks a prompt has."""
    split: Split | None
    stop: Stop | None = None
    """Where asking stopped; None where nobody looked before the end."""

    @property
    def cut_short(self) -> bool:
        """Whether asking stopped before the last prompt, because of what the first ones brought."""
        return self.stop is not None and self.stop.early

    @property
    def better(self) -> int:
        """Prompts where the adapter does better."""
        return int((self.differences > 0).sum())

    @property
    def worse(self) -> int:
        """Prompts where the adapter does worse."""
        return int((self.differences < 0).sum())


class Measurements:
    """Every (adapter, metric) of a study, read from its records once."""

    def __init__(
        self,
        study: Study,
        tasks: Mapping[str, Task],
        store: Store,
        summary: Mapping[str, Mapping[str, float]],
        other: OtherMode | None = None,
    ) -> None:
        """Read from `store`, under the tasks' other mode where `other` is given, or from `summary`."""
        self._store = store
        self._other = other
        self._summary = summary
        self._early = Early.of(store)
        self._scores: dict[tuple[str, str], Scores | None] = {}
        self.base_scores: dict[tuple[str, str], float] = {}
        """By base, as records call it, and metric."""
        self.cells: dict[tuple[str, str], Measured | Unmeasured] = {}
        self.echoes: list[tuple[str, str, int]] = []
        """(adapter, task, responses) where an adapter answered a task as its base did, and is not inert."""
        self.counterparts: dict[tuple[str, str], str] = {}
        """By adapter and task: the base, as records call it under the adapter's protocol."""
        self.checks: Counter[str] = Counter()
        """Single checks of all responses to a task, over its `ratio` metrics."""
        self._clusters = {
            name: clusters_of(task, store.examples(name))
            for name, task in tasks.items()
            if not summary and type(task).cluster is not Task.cluster
        }
        self._absent: Mapping[str, tuple[str, str]] = store.fact("absent") or {}
        for base in study.bases:
            for name, task in tasks.items():
                self._of_base(base.name, name, task)
        for adapter in study.adapters:
            for name in () if summary else tasks:
                if (side := store.counterpart(adapter.name, adapter.base, name)) is not None:
                    self.counterparts[adapter.name, name] = side
            inert = self._inert(adapter.name, adapter.base, tasks)
            for name, task in tasks.items():
                found = self._measure(adapter.name, adapter.base, name, task, study.alpha)
                for metric, cell in found.items():
                    self.cells[adapter.name, f"{name}.{metric}"] = _as_inert(cell, inert) if inert else cell

    def _read(self, subject: str, name: str, task: Task) -> Scores | None:
        if self._other is not None:
            return self._other.scores(subject, name, task, self._early is None)
        scores = self._store.scores(subject, name, task.scorer, self._early is None)
        if scores is not None:
            ratios = [index for index, metric in enumerate(task.metrics) if metric.kind == "ratio"]
            self.checks[name] += int(scores.out_of[:, :, ratios].sum())
        return scores

    def _of_base(self, base: str, name: str, task: Task) -> Scores | None:
        """Scores of a base, or of a base under a variant of the protocol, read once and noted."""
        if (base, name) in self._scores:
            return self._scores[base, name]
        scores = None if self._summary else self._read(base, name, task)
        self._scores[base, name] = scores
        for index, metric in enumerate(task.metrics):
            key = f"{name}.{metric.name}"
            if scores is not None:
                self.base_scores[base, key] = _score(scores, index)
            elif key in self._summary.get(base, {}):
                self.base_scores[base, key] = self._summary[base][key]
        return scores

    def _inert(self, adapter: str, base: str, tasks: Mapping[str, Task]) -> str | None:
        """Why an adapter counts as changing nothing: every response equals the base's to the letter."""
        if self._summary:
            return None
        if adapter in self._absent:
            verdict, reason = self._absent[adapter]
            return reason if verdict == Verdict.NOT_APPLIED else None
        pairs = {
            task: self._store.same_text(adapter, self.counterparts.get((adapter, task), base), task)
            for task in tasks
        }
        same, total = (sum(column) for column in zip(*pairs.values(), strict=True))
        looked_at = self._store.fact("responses_came_first") is False  # then liveness has told
        if total and same == total and not looked_at:
            return (
                f"each of its {total} responses equals the base's to the letter: the adapter changes nothing"
            )
        self.echoes += [(adapter, task, of) for task, (equal, of) in pairs.items() if of and equal == of]
        return None

    def _measure(
        self, adapter: str, base: str, name: str, task: Task, alpha: float
    ) -> dict[str, Measured | Unmeasured]:
        if self._summary:
            return {
                metric.name: self._aggregate(adapter, base, f"{name}.{metric.name}")
                for metric in task.metrics
            }
        if adapter in self._absent:
            _, why = self._absent[adapter]
            side = self.counterparts.get((adapter, name), "")
            return {
                metric.name: Unmeasured(why, base_score=self.base_scores.get((side, f"{name}.{metric.name}")))
                for metric in task.metrics
            }
        counterpart = self.counterparts.get((adapter, name))
        ours = self._read(adapter, name, task)
        theirs = self._of_base(counterpart or base, name, task)
        reason = ""
        looks: Sequence[int] = ()
        if self._early is not None and ours is not None and theirs is not None:
            looks = self._early.looks.get(cell_key(self._store, adapter, name), ())
            n = max(looks, default=None)
            ours, theirs = first_prompts(ours, theirs, self._early.orders[name], n) or (None, theirs)
        if ours is None or theirs is None:
            reason = missing_judgements(self._store, task) or (
                f"no complete set of responses from the {'adapter' if ours is None else 'base'} on {name}"
            )
        elif counterpart is None:
            reason = f"adapter and base answered {name} under different protocols"
        if reason or ours is None or theirs is None:
            return {metric.name: Unmeasured(reason) for metric in task.metrics}
        if (clusters := self._clusters.get(name)) is not None:
            ours, theirs = by_cluster(ours, clusters), by_cluster(theirs, clusters)
        return {
            metric.name: self._stopped(
                name, metric, looks, _measured(theirs, ours, index, task.metrics, alpha)
            )
            for index, metric in enumerate(task.metrics)
        }

    def _stopped(self, task: str, metric: Metric, looks: Sequence[int], cell: Measured) -> Measured:
        """With evidence that allows for the looks that were taken, where any were."""
        if self._early is None or not looks:
            return cell
        design = self._early.plan(task)
        gain = self._early.evidence(task, *in_prompts(metric.kind, cell.differences, cell.weights), looks)
        stop = Stop(looks[-1], design.pool, tuple(looks), design.kind)
        return replace(cell, gain=gain, stop=stop, split=None if stop.early else cell.split)

    def _aggregate(self, adapter: str, base: str, metric: str) -> Unmeasured:
        theirs, ours = self._summary.get(base, {}).get(metric), self._summary.get(adapter, {}).get(metric)
        if theirs is None or ours is None:
            return Unmeasured(
                f"the summary has no {metric} for both {adapter!r} and {base!r}", False, theirs, ours
            )
        return Unmeasured(
            "only an aggregate score is known: without each prompt's pass or fail there is no paired interval",
            False,
            theirs,
            ours,
        )


def _as_inert(cell: Measured | Unmeasured, reason: str) -> Unmeasured:
    return Unmeasured(reason, True, cell.base_score, cell.score)


def _score(scores: Scores, index: int) -> float:
    return float(scores.passed[:, :, index].sum() / scores.out_of[:, :, index].sum())


def _measured(
    base: Scores, adapter: Scores, index: int, metrics: tuple[Metric, ...], alpha: float
) -> Measured:
    metric = metrics[index]
    weights = base.out_of[:, 0, index]
    before, after = base.passed[:, :, index], adapter.passed[:, :, index]
    differences = after.mean(axis=1) - before.mean(axis=1)
    single = before.shape[1] == after.shape[1] == 1
    # Where a number between 0 and 1 was 0 or 1 for every prompt on both sides, it is a pass or a fail.
    unit = np.gcd.reduce([*weights, *before[:, 0], *after[:, 0]]) if metric.kind == "mean" else 1
    gain: Gain = (
        paired_gain(before[:, 0] // unit, after[:, 0] // unit, weights // unit)
        if single
        else ClusteredGain(differences, weights.astype(np.float64))
    )
    split = None
    if metric.extracted_by is not None and single:
        extracted = [other.name for other in metrics].index(metric.extracted_by)
        changed = base.passed[:, 0, extracted] != adapter.passed[:, 0, extracted]
        split = Split(_part(differences, changed, alpha), _part(differences, ~changed, alpha))
    return Measured(_score(base, index), _score(adapter, index), gain, differences, weights, split)


def _part(differences: NDArray[np.float64], where: NDArray[np.bool_], alpha: float) -> Part:
    better, worse = int((differences[where] > 0).sum()), int((differences[where] < 0).sum())
    gain = PairedGain(better, worse, len(differences))
    return Part(gain.estimate, gain.interval(1 - 2 * alpha))
