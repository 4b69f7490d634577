"""What an analysis reads of a run: scores and responses by name and task. It knows no database and no verifier."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from assay.records import Declared, Manifest, Scores
from assay.tasks import Example

__all__ = ["Evidence", "Otherwise"]


class Otherwise(NamedTuple):
    """A response that a task's other mode judges otherwise."""

    name: str
    """Of the subject, as records keep it."""
    position: int
    """Of the example in its task."""
    sample: int
    detail: Mapping[str, Any]
    """The verifier's, with the other mode's checks under `other`."""
    passed: tuple[int, ...]
    """In the order of the metrics, under the task's own mode."""
    other_passed: tuple[int, ...]


class Evidence(Protocol):
    """A run's scores and responses. A name is a subject's under its protocol, as records keep it."""

    @property
    def manifest(self) -> Manifest:
        """What is known of the run beside its records."""
        ...

    def declared(self) -> Sequence[Declared]:
        """Every claim block that the run has seen, the oldest first."""
        ...

    def bound(self) -> Sequence[tuple[str, str]]:
        """(name, task) of everything that the plan's names mean."""
        ...

    def scores(self, name: str, task: str, whole: bool = True) -> Scores | None:
        """None where any example lacks a score; with `whole=False`, of the examples that have all theirs."""
        ...

    def otherwise(self, task: str) -> Sequence[Otherwise]:
        """Responses that the task's other mode judges otherwise; empty for a task with one mode."""
        ...

    def missing_judgements(self, task: str) -> str:
        """Why some of a task's responses have no score; empty where none is missing for want of a judge."""
        ...

    def examples(self, task: str) -> tuple[Example, ...]:
        """A task's examples, in file order."""
        ...

    def clusters(self, task: str) -> NDArray[np.int64] | None:
        """(examples,): the cluster of each, from 0; None where each example is independent evidence."""
        ...

    def counterpart(self, name: str, base: str, task: str) -> str | None:
        """What a base is called where it answered `task` under the protocol of `name`; None if it did not."""
        ...

    def same_text(self, name: str, other: str, task: str) -> tuple[int, int]:
        """(examples and samples that `name` answers as `other` does, all that it answers)."""
        ...

    def details(self, name: str, task: str) -> Iterator[tuple[str, int, dict[str, Any]]]:
        """(example's key, sample, detail) of a name's scores on a task, in file order."""
        ...

    def written(
        self, name: str, task: str, step: int = 1
    ) -> Iterator[tuple[int, str, int | None, str | None]]:
        """(position, scored text, tokens, finish) of the responses to every `step`-th example."""
        ...

    def content(self, name: str, task: str) -> str | None:
        """Digests of what a name means on a task; None where it means nothing."""
        ...

    def subject(self, name: str, task: str) -> str:
        """Digest of the subject that a name means on a task."""
        ...

    def arrivals(self, name: str, task: str) -> Mapping[int, float]:
        """By position of the example: when its response was kept, in seconds; empty where that was not noted."""
        ...

    def nulls(self, name: str, task: str) -> int:
        """How many responses were null, and so judged as empty."""
        ...

    def uncut(self, name: str, task: str) -> tuple[int, int]:
        """(responses of which nothing was cut, all responses)."""
        ...

    def unanswered(self, name: str, task: str) -> int:
        """How many responses have no answer: all of them is skipped, or only white space follows what is."""
        ...

    def unbound(self) -> int:
        """Responses to the plan's tasks under settings that no name has any more."""
        ...
