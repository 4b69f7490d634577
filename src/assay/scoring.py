"""Applies a task's verifier to the records of a run. Scores come from records alone, never from a model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assay.records import Store
from assay.tasks import Task

__all__ = ["score_records"]


def score_records(task: Task, store: Store, records: Sequence[int]) -> Iterator[int]:
    """Score these records of `task`; yields the size of each batch.

    Each batch is safe on disk when it is yielded, so an interrupted run goes on where it stopped.
    """
    examples = {example.key: example for example in store.examples(task.name)}

    def scored() -> Iterator[tuple[int, tuple[int, ...], object]]:
        for record, key, text in store.judged(records):
            score = task.score(examples[key], text)
            yield record, (*score.passed, *score.out_of), score.detail

    yield from store.add_scores(task.scorer, scored())  # type: ignore[arg-type]
