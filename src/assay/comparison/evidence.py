"""The evidence of one run on one claim, by example: scores of the adapter and of its reference, and what they answered.

It writes nothing, and judges nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.errors import AssayError
from assay.plan import Claim, Metric, MetricName, Subject
from assay.records import Scores, Store, digest
from assay.records.browsing import first_records, given_answers, identity_of
from assay.records.queries import answers
from assay.runs.decided import Decided
from assay.runs.evidence import RunEvidence
from assay.runs.run import resolved_again
from assay.tasks import Task
from assay.tasks.judged import JudgedTask
from assay.verdicts import ClaimResult
from assay.verdicts.clusters import by_cluster
from assay.verdicts.looks import design_of, evidence_at, in_prompts
from assay.verdicts.noise import noise_limits
from assay.verdicts.pair import PairedScores, paired_scores

__all__ = ["ADAPTER", "REFERENCE", "ClaimEvidence", "Response"]

REFERENCE, ADAPTER = 0, 1
"""The sides of a claim."""
Response = tuple[tuple[int, str, str, float | None], ...]
"""(sample, prompt as sent, judged text, log-probability) of every request about an example."""


class ClaimEvidence:
    """What a run knows of one of its claims. Positions are those of its own examples."""

    def __init__(self, run: Decided, store: Store, entry: ClaimResult) -> None:
        self.run, self.entry, self._store = run, entry, store
        self.task = MetricName.parse(entry.metric).task
        self.plan = run.plan.tasks[self.task]
        self.base = store.counterpart(entry.adapter, entry.base, self.task) or entry.base
        """Its base, named as in the records."""
        against = entry.against or entry.base
        self.names = (store.counterpart(entry.adapter, against, self.task) or against, entry.adapter)
        """Of both sides, as in the records."""
        self._scores: dict[tuple[int, str], Scores | None] = {}

    # -- settings --------------------------------------------------------------------------------------

    @property
    def claims(self) -> int:
        """Claims that share the error rate with this one, itself included."""
        return round(self.run.result.alpha / self._alpha) if self.entry.level else 1

    @property
    def _alpha(self) -> float:
        return (1 - (self.entry.level or 0.0)) / 2

    @property
    def limit(self) -> float:
        """How far unequal noise of the engine may move the gain; 0 where it is not measured."""
        return noise_limits(self.run.plan, self.run.result.engine_noise)(self.entry.base, self.entry.against)

    def claim(self, margin: float, alpha: float) -> Claim:
        """The claim under a margin and an error rate."""
        subjects = [
            self.subject(side) or Subject(name, self.entry.base) for side, name in enumerate(self.names)
        ]
        metric = MetricName.parse(self.entry.metric)
        return Claim(subjects[ADAPTER], subjects[REFERENCE], metric, self.entry.kind, margin, alpha)

    def subject(self, side: int) -> Subject | None:
        """The subject of a side; None where the study was edited and has it no more."""
        name = self.entry.adapter if side == ADAPTER else self.entry.against or self.entry.base
        return next((subject for subject in self.run.plan.subjects if subject.name == name), None)

    def base_of(self, side: int) -> str:
        """The base of a side, named as in the records."""
        subject = self.subject(side)
        own = self.entry.base if subject is None else subject.base
        return self.base if own == self.entry.base else own

    def identity(self, name: str) -> dict[str, Any]:
        """What answered under a name, by content; empty where the run has no such name."""
        return identity_of(self._store, name, self.task)

    def recorded(self, side: int) -> bool:
        """Whether a side's responses were read from a file: then the file is all that is known of what answered."""
        return self.identity(self.names[side]).get("engine") == "recorded"

    def protocol(self, side: int) -> dict[str, Any]:
        """The protocol of a side."""
        return self._store.protocol(self.names[side], self.task)

    def software(self) -> Mapping[str, str]:
        """Versions of what generated the adapter's responses, the newest; empty where they were recorded."""
        content = self._store.content(self.names[ADAPTER], self.task) or ""
        seen = self._store.manifest.provenance.get(content, ())
        return seen[-1] if seen else {}

    # -- examples --------------------------------------------------------------------------------------

    @cached_property
    def contents(self) -> list[str]:
        """By position: digest of the example."""
        return [digest([each.key, each.prompt, dict(each.data)]) for each in self._store.examples(self.task)]

    @cached_property
    def positions(self) -> dict[str, int]:
        """By digest of the example."""
        return {content: position for position, content in enumerate(self.contents)}

    @cached_property
    def used(self) -> list[int]:
        """Positions of the examples that the verdict was reached on, in the order of the looks where there are any."""
        schedule = self._store.manifest.schedule
        if self.entry.stop is not None and schedule is not None:
            return list(schedule.orders[self.task][: self.entry.stop.n])
        sides = [self.scores(side, self) for side in (REFERENCE, ADAPTER)]
        both = set.intersection(*(set(map(int, side.positions)) if side else set() for side in sides))
        return sorted(both)

    @property
    def used_contents(self) -> set[str]:
        """Digests of the examples that the verdict was reached on."""
        return {self.contents[position] for position in self.used}

    def responses(self, side: int) -> dict[str, Response]:
        """By digest of the example: what a side answered, and to which prompts."""
        grouped: dict[str, list[tuple[int, str, str, float | None]]] = {}
        rows = given_answers(self._store, self.names[side], self.task)
        for position, sample, prompt, text, logprob in rows:
            grouped.setdefault(self.contents[position], []).append((sample, prompt, text, logprob))
        return {content: tuple(rows) for content, rows in grouped.items()}

    # -- scores ----------------------------------------------------------------------------------------

    @cached_property
    def _tasks(self) -> Mapping[str, Task]:
        """With their verifiers; empty where the study beside the run cannot be resolved here."""
        try:
            return resolved_again(self.run.folder, self._store)[1]
        except AssayError:
            return {}

    @cached_property
    def verifier(self) -> Task | None:
        """The verifier that the run was decided by; None where this assay has another version, or a judge decides."""
        task = self._tasks.get(self.task)
        known = task is not None and task.scorer == self.plan.scorer and not isinstance(task, JudgedTask)
        return task if known else None

    def scores(self, side: int, by: ClaimEvidence) -> Scores | None:
        """A side's scores by a run's verifier, computed where there are none; None where they cannot be computed here."""
        scorer = by.plan.scorer
        if (side, scorer) not in self._scores:
            kept = self._store.scores(self.names[side], self.task, scorer, whole=False)
            if kept is None and by.verifier is not None:
                kept = self.verified(side, by.verifier)
            self._scores[side, scorer] = kept
        return self._scores[side, scorer]

    def verified(self, side: int, task: Task) -> Scores | None:
        """A side's responses verified now, whether they have scores or not; None where there are none."""
        rows = first_records(self._store, self.names[side], self.task)
        if not rows:
            return None
        examples = self._store.examples(self.task)
        places = {record: (position, sample) for record, position, sample in rows}
        samples = 1 + max(sample for _, _, sample in rows)
        positions = sorted({position for _, position, _ in rows})
        row_of = {position: row for row, position in enumerate(positions)}
        counts = np.zeros((2, len(positions), samples, len(task.metrics)), dtype=np.int64)
        for record, _, answered in answers(self._store, list(places)):
            position, sample = places[record]
            score = task.score_answers(examples[position], answered)
            counts[:, row_of[position], sample] = score.passed, score.out_of
        return Scores(counts[0], counts[1], np.array(positions, dtype=np.int64))

    # -- evidence --------------------------------------------------------------------------------------

    def cell(self, sides: Sequence[Scores], metrics: tuple[Metric, ...], looks: bool) -> PairedScores:
        """Both sides paired. sides: scores of the same examples in the same order, the reference's first."""
        reference, adapter = sides
        clusters = self._clusters
        if clusters is not None and not looks:
            reference, adapter = by_cluster(reference, clusters), by_cluster(adapter, clusters)
        index = [metric.name for metric in metrics].index(MetricName.parse(self.entry.metric).name)
        paired = paired_scores(reference, adapter, index, metrics)
        schedule, stop = self._store.manifest.schedule, self.entry.stop
        if not looks or schedule is None or stop is None:
            return paired
        differences = in_prompts(metrics[index].kind, paired.differences, paired.weights)
        gain = evidence_at(schedule, self.task, *differences, stop.looks)
        return replace(paired, gain=gain)

    @cached_property
    def _clusters(self) -> NDArray[np.int64] | None:
        return RunEvidence(self._store, self._tasks).clusters(self.task) if self.task in self._tasks else None

    @cached_property
    def design(self) -> str:
        """When the run looked at this claim before its end, for a reader; empty where it never did."""
        schedule, stop = self._store.manifest.schedule, self.entry.stop
        if schedule is None or stop is None:
            return ""
        made = design_of(schedule, self.task)
        return f"{made.kind} design, looks at {', '.join(f'{look:,}' for look in stop.looks)}"
