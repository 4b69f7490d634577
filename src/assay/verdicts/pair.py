"""Pairs an adapter's scores with its base's, prompt by prompt. It knows no verdict."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from assay.plan import Claim, Metric, MetricName, Plan, Subject, TaskPlan
from assay.records import Scores
from assay.stats import ClusteredGain, Gain, Verdict, paired_gain
from assay.verdicts.clusters import by_cluster
from assay.verdicts.evidence import Evidence
from assay.verdicts.looks import design_of, evidence_at, first_prompts, in_prompts
from assay.verdicts.modes import OtherMode
from assay.verdicts.result import Split, Stop
from assay.verdicts.split import split_of

__all__ = ["PairedScores", "Pairs", "Unmeasured", "paired_scores"]


@dataclass(frozen=True, slots=True)
class Unmeasured:
    """A cell without paired evidence, and the reason; its scores may still be known."""

    reason: str
    inert: bool = False
    """The adapter changes nothing."""
    base_score: float | None = None
    score: float | None = None


@dataclass(frozen=True, slots=True)
class PairedScores:
    """An adapter against its base on one metric."""

    base_score: float
    score: float
    gain: Gain
    differences: NDArray[np.float64]
    """(prompts,) adapter minus base, in units of `out_of`; means over samples."""
    weights: NDArray[np.int64]
    """(prompts,) number of checks of each prompt."""
    positions: NDArray[np.int64]
    """(prompts,) of each in its task; of a cluster, that of its first prompt."""
    prompts: int
    """All of them, where `differences` and `weights` are sums over clusters of prompts."""
    split: Split | None = None
    stop: Stop | None = None
    """Where generation stopped; None where no look was taken before the end."""

    @property
    def cut_short(self) -> bool:
        """Whether generation stopped before the last prompt, because of the results so far."""
        return self.stop is not None and self.stop.early

    def in_prompts(self, needed: int | None) -> int | None:
        """A number of prompts, or of clusters of prompts where these are the evidence, in prompts."""
        return None if needed is None else math.ceil(needed * self.prompts / len(self.weights))

    @property
    def better(self) -> int:
        """Prompts where the adapter does better."""
        return int((self.differences > 0).sum())

    @property
    def worse(self) -> int:
        """Prompts where the adapter does worse."""
        return int((self.differences < 0).sum())


class Pairs:
    """Every adapter paired with its base on every metric, read from a run's evidence once."""

    def __init__(self, plan: Plan, evidence: Evidence, other: OtherMode | None = None) -> None:
        """Read the evidence, under the tasks' other mode where `other` is given, or the plan's aggregate scores."""
        self._plan = plan
        self._evidence = evidence
        self._other = other
        self._schedule = evidence.manifest.schedule
        self._refused = evidence.manifest.refused
        self._scores: dict[tuple[str, str], Scores | None] = {}
        self._kept = {claim.reference.name for claim in plan.claims}
        """Subjects whose scores are read for more than one pair."""
        self._kept |= {side for pair in plan.references() for side in pair}
        self.base_scores: dict[tuple[str, MetricName], float] = {}
        """By base, named as in the records, and metric."""
        self.cells: dict[tuple[str, MetricName], PairedScores | Unmeasured] = {}
        """By adapter and metric."""
        self.echoes: list[tuple[str, str, int]] = []
        """(adapter, task, responses) where an adapter answered a task as its base did, and is not inert."""
        self.counterparts: dict[tuple[str, str], str] = {}
        """By adapter and task: the base, named as in the records under the adapter's protocol."""
        self.checks: Counter[str] = Counter()
        """Number of single checks of all responses to a task, over its `ratio` metrics."""
        for base in plan.bases:
            for task in plan.tasks.values():
                self._of_base(base.name, task)
        self._inert: dict[str, str | None] = {}
        for adapter in plan.adapters:
            self._add(adapter)
        self._against: dict[tuple[str, str, MetricName], PairedScores | Unmeasured] = {}
        subjects = {subject.name: subject for subject in plan.subjects}
        for name, against in plan.references():
            self._add_against(subjects[name], against)

    def of(self, claim: Claim) -> PairedScores | Unmeasured:
        """The evidence on a claim."""
        return self.cell(claim.subject.name, claim.against, claim.metric)

    def cell(self, subject: str, against: str | None, metric: MetricName) -> PairedScores | Unmeasured:
        """A subject on a metric, against its base where `against` is None, else against what it is compared with."""
        return self.cells[subject, metric] if against is None else self._against[subject, against, metric]

    def _add(self, adapter: Subject) -> None:
        for name in () if self._plan.summary else self._plan.tasks:
            if (side := self._evidence.counterpart(adapter.name, adapter.base, name)) is not None:
                self.counterparts[adapter.name, name] = side
        inert = self._inert[adapter.name] = self._why_inert(adapter)
        for task in self._plan.tasks.values():
            side = self.counterparts.get((adapter.name, task.name))
            for metric, cell in self._pair(adapter, adapter.base, side, task).items():
                self.cells[adapter.name, metric] = _as_inert(cell, inert) if inert else cell

    def _add_against(self, subject: Subject, against: str) -> None:
        """Pair a subject with another one, under the subject's protocol."""
        inert = self._inert[subject.name]
        for task in self._plan.tasks.values():
            side = None
            if not self._plan.summary:
                side = self._evidence.counterpart(subject.name, against, task.name)
            for metric, cell in self._pair(subject, against, side, task).items():
                self._against[subject.name, against, metric] = _as_inert(cell, inert) if inert else cell

    def _read(self, name: str, task: TaskPlan) -> Scores | None:
        whole = self._schedule is None
        if self._other is not None:
            return self._other.scores(name, task.name, whole)
        scores = self._evidence.scores(name, task.name, whole)
        if scores is not None:
            ratios = [index for index, metric in enumerate(task.metrics) if metric.kind == "ratio"]
            self.checks[task.name] += int(scores.out_of[:, :, ratios].sum())
        return scores

    def _of_reference(self, name: str, task: TaskPlan) -> Scores | None:
        """Scores of what a claim names as its reference, or of an adapter of several pairs, read once."""
        if (name, task.name) not in self._scores:
            self._scores[name, task.name] = None if self._plan.summary else self._read(name, task)
        return self._scores[name, task.name]

    def _of_base(self, base: str, task: TaskPlan) -> Scores | None:
        """Scores of a base, or of a base under a variant of the protocol, read once and noted."""
        noted = (base, task.name) in self._scores
        scores = self._of_reference(base, task)
        if noted:
            return scores
        aggregates = self._plan.summary.get(base, {})
        for index, metric in enumerate(task.metric_names):
            if scores is not None:
                self.base_scores[base, metric] = _score(scores, index)
            elif str(metric) in aggregates:
                self.base_scores[base, metric] = aggregates[str(metric)]
        return scores

    def _why_inert(self, adapter: Subject) -> str | None:
        """Why an adapter counts as inert: all responses are identical to the base's."""
        if self._plan.summary:
            return None
        if (refusal := self._refused.get(adapter.name)) is not None:
            return refusal.reason if refusal.verdict is Verdict.NOT_APPLIED else None
        pairs = {
            task: self._evidence.same_text(
                adapter.name, self.counterparts.get((adapter.name, task), adapter.base), task
            )
            for task in self._plan.tasks
        }
        same, total = (sum(column) for column in zip(*pairs.values(), strict=True))
        # Liveness was tested of what is loaded with its base.
        probed = self._evidence.manifest.source == "generated" and not adapter.is_model
        if total and same == total and not probed:
            what = "it" if adapter.is_model else "the adapter"
            return f"all {total} responses are identical to the base's: {what} changes nothing"
        self.echoes += [(adapter.name, task, of) for task, (equal, of) in pairs.items() if of and equal == of]
        return None

    def _pair(
        self, adapter: Subject, reference: str, side: str | None, task: TaskPlan
    ) -> dict[MetricName, PairedScores | Unmeasured]:
        """side: the reference, named as in the records under the adapter's protocol; None where it has none."""
        names = task.metric_names
        if self._plan.summary:
            return {metric: self._aggregate(adapter, reference, metric) for metric in names}
        if (refusal := self._refused.get(adapter.name)) is not None:
            scores = {metric: self.base_scores.get((side or "", metric)) for metric in names}
            return {metric: Unmeasured(refusal.reason, base_score=score) for metric, score in scores.items()}
        if (refusal := self._refused.get(reference)) is not None:
            text = f"{reference!r}, which it is compared with, was not measured: {refusal.reason}"
            return dict.fromkeys(names, Unmeasured(text))
        other = "base" if reference == adapter.base else repr(reference)
        own = self._of_reference if adapter.name in self._kept else self._read
        ours = own(adapter.name, task)
        theirs = (self._of_base if reference == adapter.base else self._of_reference)(side or reference, task)
        looks: Sequence[int] = ()
        if self._schedule is not None and ours is not None and theirs is not None:
            cell_key = f"{task.name} {self._evidence.content(adapter.name, task.name) or ''}"
            looks = self._schedule.looks.get(cell_key, ())
            order, n = self._schedule.orders[task.name], max(looks, default=None)
            if reference == adapter.base:
                ours, theirs = first_prompts(ours, theirs, order, n) or (None, theirs)
            else:
                ours, theirs = _beside(ours, theirs, order, n) or (ours, None)
        if ours is None or theirs is None:
            who = "adapter" if ours is None else other
            reason = self._evidence.missing_judgements(task.name) or (
                f"no complete set of responses from the {who} on {task.name}"
            )
            return dict.fromkeys(names, Unmeasured(reason))
        if side is None:
            reason = f"adapter and {other} answered {task.name} under different protocols"
            return dict.fromkeys(names, Unmeasured(reason))
        # Looks count prompts: a study that stops early may repeat none. Runs made before that was checked may.
        clusters = None if looks else self._evidence.clusters(task.name)
        sides = theirs, ours
        if clusters is not None:
            theirs, ours = by_cluster(theirs, clusters), by_cluster(ours, clusters)
        return {
            metric: self._at_looks(
                task,
                index,
                looks,
                replace(
                    paired_scores(theirs, ours, index, task.metrics),
                    prompts=len(sides[0].positions),
                    split=split_of(sides, index, task.metrics, clusters, self._plan.alpha),
                ),
            )
            for index, metric in enumerate(names)
        }

    def _at_looks(self, task: TaskPlan, index: int, looks: Sequence[int], cell: PairedScores) -> PairedScores:
        """With evidence that allows for the looks that were taken, where any were."""
        if self._schedule is None or not looks:
            return cell
        design = design_of(self._schedule, task.name)
        paired = in_prompts(task.metrics[index].kind, cell.differences, cell.weights)
        gain = evidence_at(self._schedule, task.name, *paired, looks)
        stop = Stop(looks[-1], design.pool, tuple(looks), design.kind)
        return replace(cell, gain=gain, stop=stop, split=None if stop.early else cell.split)

    def _aggregate(self, adapter: Subject, reference: str, metric: MetricName) -> Unmeasured:
        summary = self._plan.summary
        theirs, ours = (summary.get(name, {}).get(str(metric)) for name in (reference, adapter.name))
        if theirs is None or ours is None:
            reason = f"the summary has no {metric} for both {adapter.name!r} and {reference!r}"
        else:
            reason = "only an aggregate score is known: without each prompt's pass or fail there is no paired interval"
        return Unmeasured(reason, False, theirs, ours)


def _beside(
    ours: Scores, theirs: Scores, order: Sequence[int], n: int | None
) -> tuple[Scores, Scores] | None:
    """An adapter and a reference with looks of its own, on the adapter's prompts; None where the reference lacks some.

    Those that are left depend on where the reference stopped, and so on how it did.
    """
    if n is None and not set(ours.positions) <= set(theirs.positions):
        return None
    return first_prompts(ours, theirs, order, n)


def _as_inert(cell: PairedScores | Unmeasured, reason: str) -> Unmeasured:
    return Unmeasured(reason, True, cell.base_score, cell.score)


def _score(scores: Scores, index: int) -> float:
    return float(scores.passed[:, :, index].sum() / scores.out_of[:, :, index].sum())


def paired_scores(base: Scores, adapter: Scores, index: int, metrics: tuple[Metric, ...]) -> PairedScores:
    """Two subjects' scores of the same prompts, paired on one metric of these."""
    metric = metrics[index]
    weights = base.out_of[:, 0, index]
    before, after = base.passed[:, :, index], adapter.passed[:, :, index]
    differences = after.mean(axis=1) - before.mean(axis=1)
    # Where a number between 0 and 1 was 0 or 1 for every prompt on both sides, it is a pass or a fail.
    unit = np.gcd.reduce([*weights, *before[:, 0], *after[:, 0]]) if metric.kind == "mean" else 1
    gain: Gain = (
        paired_gain(before[:, 0] // unit, after[:, 0] // unit, weights // unit)
        if before.shape[1] == after.shape[1] == 1
        else ClusteredGain(differences, weights.astype(np.float64))
    )
    return PairedScores(
        _score(base, index), _score(adapter, index), gain, differences, weights, base.positions, len(weights)
    )
