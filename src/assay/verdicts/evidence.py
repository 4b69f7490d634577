"""The protocol through which an analysis reads a run: scores and responses by name and task.

It knows no database and no verifier."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from assay.records import Declared, Manifest, Scores
from assay.tasks import Example

__all__ = ["Evidence", "Otherwise"]


class Otherwise(NamedTuple):
    """A response that a task's other mode judges differently."""

    name: str
    """Name of the subject, as in the records."""
    position: int
    """Position of the example in its task."""
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
        """What is known of the run in addition to its records."""
        ...

    def declared(self) -> Sequence[Declared]:
        """Every claim block that the run has seen, the oldest first."""
        ...

    def bound(self) -> Sequence[tuple[str, str]]:
        """(name, task) of every binding of the plan's names."""
        ...

    def scores(self, name: str, task: str, whole: bool = True) -> Scores | None:
        """None where any example lacks a score; with `whole=False`, of the examples that have all their scores."""
        ...

    def otherwise(self, task: str) -> Sequence[Otherwise]:
        """Responses that the task's other mode judges differently; empty for a task with one mode."""
        ...

    def missing_judgements(self, task: str) -> str:
        """Why some of a task's responses have no score; empty where no judgement is missing."""
        ...

    def examples(self, task: str) -> tuple[Example, ...]:
        """A task's examples, in file order."""
        ...

    def clusters(self, task: str) -> NDArray[np.int64] | None:
        """(examples,): the cluster of each, from 0; None where each example is independent evidence."""
        ...

    def counterpart(self, name: str, base: str, task: str) -> str | None:
        """Name under which a base has records on `task` with the protocol of `name`; None if it has none."""
        ...

    def same_text(self, name: str, other: str, task: str) -> tuple[int, int]:
        """(number of examples and samples on which `name` answers as `other` does, number that it answers)."""
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
        """Digests of the content that a name is bound to on a task; None where it is not bound."""
        ...

    def subject(self, name: str, task: str) -> str:
        """Digest of the subject that a name is bound to on a task."""
        ...

    def arrivals(self, name: str, task: str) -> Mapping[int, float]:
        """By position of the example: when its response was kept, in seconds; empty where that was not noted."""
        ...

    def first_arrival(self, name: str, task: str) -> float | None:
        """When the oldest of a name's responses was kept, in seconds since 1970; None where that of one is not known."""
        ...

    def nulls(self, name: str, task: str) -> int:
        """Number of responses that were null, and so judged as empty."""
        ...

    def uncut(self, name: str, task: str) -> tuple[int, int]:
        """(number of responses of which nothing was cut, number of all)."""
        ...

    def unanswered(self, name: str, task: str) -> int:
        """Number of responses without an answer: everything is skipped, or only white space follows the skipped part."""
        ...

    def unbound(self) -> int:
        """Number of responses to the plan's tasks under settings that no name has any more."""
        ...
