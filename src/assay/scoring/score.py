"""Applies a task's verifier to the records of a run. Scores come from records alone, never from a model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version

from assay.records import Store
from assay.records.queries import answers
from assay.tasks import Task

__all__ = ["note_verifier", "score_records", "score_task"]

PACKAGES = ("lora-assay", "langdetect", "nltk", "regex")
"""Packages that a score can depend on, in addition to the task's own version."""


def score_task(task: Task, store: Store, records: Sequence[int] | None = None) -> Iterator[tuple[int, int]]:
    """Score these records, or all without a score; yields (done, total)."""
    records, done = store.unscored(task.name, task.scorer) if records is None else records, 0
    if records:
        note_verifier(store, task)
    for size in score_records(task, store, records):
        done += size
        yield done, len(records)


def score_records(task: Task, store: Store, records: Sequence[int]) -> Iterator[int]:
    """Score these records of `task`; yields the size of each batch.

    Each batch is safe on disk when it is yielded, so an interrupted run resumes where it stopped.
    """
    examples = {example.key: example for example in store.examples(task.name)}

    def scored() -> Iterator[tuple[int, tuple[int, ...], object]]:
        for record, key, answered in answers(store, records):
            if len(answered) < len(task.turns(examples[key])):
                continue  # a conversation under way
            score = task.score_answers(examples[key], answered)
            yield record, (*score.passed, *score.out_of), score.detail

    yield from store.add_scores(task.scorer, scored())  # type: ignore[arg-type]


def note_verifier(store: Store, task: Task) -> None:
    """Record the versions of the packages that will score for a task's verifier, in addition to earlier ones."""
    versions = {name: version(name) for name in PACKAGES}
    for name in task.packages:
        with suppress(PackageNotFoundError):
            versions[name] = version(name)
    if versions not in store.manifest.verifiers.get(task.scorer, ()):
        store.note("verifier", scorer=task.scorer, versions=versions)
