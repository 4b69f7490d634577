"""A finished run as exporters see it: its findings, and each subject's scores with their uncertainty.

It knows no format."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy import stats as distributions

from assay.engines.api import is_again
from assay.errors import OutputError
from assay.plan import Metric, MetricName, Plan, Subject
from assay.records import Scores
from assay.runs import Run
from assay.runs.evidence import RunEvidence
from assay.stats.ratio import ratio_pivot
from assay.tasks import Example, Task
from assay.verdicts import Cell, ClaimResult, Result
from assay.verdicts.clusters import by_cluster
from assay.verdicts.result import Interval

__all__ = ["CONFIDENCE", "Answer", "Estimate", "Finished", "estimate"]

Counts = tuple[Sequence[int], Sequence[int]]
"""What a response passed, and out of what, in the order of the metrics."""
CONFIDENCE = 0.95
"""Two-sided, of every subject's own score; gains keep the level of their study."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A subject's score on one metric."""

    score: float
    n: int
    """The number of independent units: prompts, or groups of dependent prompts."""
    standard_error: float | None
    """None where none can be given: one prompt, no variation, or a run that may stop early."""
    interval: Interval | None
    """Of confidence CONFIDENCE; None likewise."""
    method: str
    """How the interval was made; else why there is none."""


class Answer(NamedTuple):
    """A subject's responses to one example, with their scores."""

    position: int
    """Of the example in its file, from 0."""
    example: Example
    records: Sequence[Mapping[str, Any]]
    """In the order of the samples."""
    counts: Sequence[Counts]
    """Of each record."""

    def mean(self, index: int) -> float:
        """Of a metric, by its place: the share passed, over samples."""
        return sum(passed[index] / out_of[index] for passed, out_of in self.counts) / len(self.counts)


@dataclass(frozen=True, slots=True)
class Finished:
    """A complete run, open for reading, with its findings."""

    run: Run
    result: Result

    @property
    def folder(self) -> Path:
        """The run's."""
        return self.run.folder

    @property
    def plan(self) -> Plan:
        """The run's plan."""
        return self.run.plan

    @property
    def evidence(self) -> RunEvidence:
        """The run's scores and responses."""
        return self.run.evidence

    @property
    def tasks(self) -> Mapping[str, Task]:
        """The plan's tasks, with their verifiers."""
        return self.evidence.tasks

    @property
    def stops_early(self) -> bool:
        """Whether the run took looks before the last prompt."""
        return self.evidence.manifest.schedule is not None

    def subjects(self) -> dict[str, list[str]]:
        """The tasks that each subject answered, by its name in the records."""
        subjects: dict[str, list[str]] = {}
        for name, task in self.evidence.bound():
            if not is_again(name) and task in self.tasks:
                subjects.setdefault(name, []).append(task)
        return subjects

    def converses(self, task: str) -> bool:
        """Whether a task has several turns."""
        return any(len(self.tasks[task].turns(example)) > 1 for example in self.evidence.examples(task))

    def adapter(self, name: str | None) -> Subject:
        """The adapter of this name, or the only one. Raises OutputError with the names there are."""
        named = {adapter.name: adapter for adapter in self.plan.adapters}
        if name is None and len(named) == 1:
            return self.plan.adapters[0]
        if name is None or name not in named:
            problem = (
                "several adapters are in this run" if name is None else f"no adapter {name!r} in this run"
            )
            raise OutputError(problem, fix=f"give --subject, one of {', '.join(named)}")
        return named[name]

    def part(self, task: str) -> str | None:
        """The part of a task that scores are about; None: the whole."""
        if (limit := self.plan.tasks[task].limit) is not None:
            return f"its first {limit} examples"
        if self.stops_early:
            return "as far as its run went, which may stop early"
        return None

    def findings(self, adapter: str) -> Iterator[ClaimResult | Cell]:
        """The findings about an adapter: its claims, then its other metrics."""
        yield from (claim for claim in self.result.claims if claim.adapter == adapter)
        yield from (cell for cell in self.result.cells if cell.adapter == adapter)

    def scores(self, name: str, task: str) -> Scores | None:
        """A subject's scores on a task; those of the prompts that were asked, in a run that may stop early."""
        return self.evidence.scores(name, task, whole=not self.stops_early)

    def counts(self, name: str, task: str) -> dict[tuple[str, int], Counts]:
        """By example's key and sample: what a response passed, and out of what, in the order of the metrics."""
        scores = self.scores(name, task)
        if scores is None:
            return {}
        keys = [example.key for example in self.evidence.examples(task)]
        return {
            (keys[position], sample): (
                scores.passed[row, sample].tolist(),
                scores.out_of[row, sample].tolist(),
            )
            for row, position in enumerate(scores.positions)
            for sample in range(scores.passed.shape[1])
        }

    def answers(self, name: str, task: str) -> Iterator[Answer]:
        """Every example with a subject's responses, in file order; those without all their scores are left out."""
        counts = self.counts(name, task)
        records: dict[str, list[Mapping[str, Any]]] = {}
        for record in self.evidence.responses(name, task):
            records.setdefault(record["key"], []).append(record)
        for position, example in enumerate(self.evidence.examples(task)):
            own = records.get(example.key, [])
            scored = [counts[place] for row in own if (place := (example.key, row["sample"])) in counts]
            if scored and len(scored) == len(own):
                yield Answer(position, example, own, scored)

    def estimates(self, name: str, task: str) -> dict[MetricName, Estimate]:
        """By metric: a subject's score and its uncertainty; empty where nothing is scored."""
        scores, task_plan = self.scores(name, task), self.plan.tasks[task]
        if scores is None:
            return {}
        if self.stops_early:
            why = "none: the run looked at its evidence before the end, which an interval of one score does not allow for"
            return {
                metric: Estimate(_ratio(scores, index), len(scores.positions), None, None, why)
                for index, metric in enumerate(task_plan.metric_names)
            }
        if (clusters := self.evidence.clusters(task)) is not None:
            scores = by_cluster(scores, clusters)
        metrics = zip(task_plan.metric_names, task_plan.metrics, strict=True)
        return {name: estimate(scores, index, metric) for index, (name, metric) in enumerate(metrics)}


def estimate(scores: Scores, index: int, metric: Metric) -> Estimate:
    """A score with its uncertainty over prompts.

    Exact (Clopper and Pearson) where each prompt is one pass or fail; else the ratio of sums with its CR1
    standard error and Student's t, cut at 0 and 1.
    """
    passed = scores.passed[:, :, index].mean(axis=1)
    out_of = scores.out_of[:, 0, index].astype(np.float64)
    n, score = len(passed), _ratio(scores, index)
    single = scores.passed.shape[1] == 1 and metric.kind == "binary" and bool((out_of == 1).all())
    pivot = ratio_pivot(passed, out_of)
    error = pivot.standard_error if math.isfinite(pivot.standard_error) and pivot.standard_error > 0 else None
    if single:
        exact = distributions.binomtest(int(passed.sum()), n).proportion_ci(CONFIDENCE, "exact")
        return Estimate(score, n, error, (float(exact.low), float(exact.high)), "Clopper-Pearson")
    if error is None:
        return Estimate(score, n, None, None, "none: the prompts do not vary, or there is one")
    low, high = pivot.interval(CONFIDENCE)
    return Estimate(score, n, error, (max(low, 0.0), min(high, 1.0)), "ratio of sums, CR1, Student's t")


def _ratio(scores: Scores, index: int) -> float:
    return float(scores.passed[:, :, index].sum() / scores.out_of[:, :, index].sum())
