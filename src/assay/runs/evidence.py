"""A run's records as an analysis reads them: scores under the plan's verifiers, responses, manifest.

It writes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.records import Manifest, Scores, Store
from assay.records.queries import written
from assay.scoring.judge import missing_judgements
from assay.tasks import Task
from assay.verdicts.clusters import clusters_of
from assay.verdicts.evidence import Otherwise

__all__ = ["RunEvidence"]


class RunEvidence:
    """Satisfies `assay.verdicts.Evidence` and `assay.report.Evidence`."""

    def __init__(self, store: Store, tasks: Mapping[str, Task]) -> None:
        """tasks: the plan's, by name; they hold the verifiers."""
        self.store = store
        self.tasks = tasks
        self._clusters: dict[str, NDArray[np.int64] | None] = {}
        self.counterpart = store.counterpart
        self.same_text = store.same_text
        self.examples = store.examples
        self.content = store.content
        self.subject = store.subject
        self.protocol = store.protocol
        self.responses = store.responses
        self.arrivals = store.arrivals
        self.first_arrival = store.first_arrival
        self.nulls = store.nulls
        self.uncut = store.uncut
        self.unanswered = store.unanswered
        self.unbound = store.unbound
        self.bound = store.bound
        self.declared = store.declared

    @property
    def manifest(self) -> Manifest:
        """What is known of the run in addition to its records."""
        return self.store.manifest

    def scores(self, name: str, task: str, whole: bool = True) -> Scores | None:
        """None where any example lacks a score; with `whole=False`, of the examples that have all their scores."""
        return self.store.scores(name, task, self.tasks[task].scorer, whole)

    def otherwise(self, task: str) -> list[Otherwise]:
        """Responses that the task's other mode judges differently; empty for a task with one mode."""
        own = self.tasks[task]
        return [
            Otherwise(name, position, sample, detail, own.passed(detail), own.passed(detail["other"]))
            for name, position, sample, detail in self.store.differing(task, own.scorer)
        ]

    def missing_judgements(self, task: str) -> str:
        """Why some of a task's responses have no score; empty where no judgement is missing."""
        return missing_judgements(self.store, self.tasks[task])

    def clusters(self, task: str) -> NDArray[np.int64] | None:
        """(examples,): the cluster of each, numbered from 0; None where each example is independent evidence."""
        if task not in self._clusters:
            self._clusters[task] = clusters_of(self.tasks[task], self.store.examples(task))
        return self._clusters[task]

    def details(self, name: str, task: str) -> Iterator[tuple[str, int, dict[str, Any]]]:
        """(example's key, sample, detail) of a name's scores on a task, in file order."""
        return self.store.details(name, task, self.tasks[task].scorer)

    def written(
        self, name: str, task: str, step: int = 1
    ) -> Iterator[tuple[int, str, int | None, str | None]]:
        """(position, scored text, tokens, finish) of the responses to every `step`-th example."""
        return written(self.store, name, task, step)
