"""The interface of a custom task's check: it judges a response by a row of the prompt file. It reads no file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from assay.tasks.data_file import Row
from assay.tasks.task import Metric, Score

__all__ = ["Check", "Values", "verdict"]

Values = Mapping[str, Any]
"""The fields of a row of the prompt file."""


class Check(ABC):
    """Decides whether a response is right. Frozen: the same row and response give the same score."""

    @property
    @abstractmethod
    def identity(self) -> Any:
        """JSON of all that a score depends on, beside row and response: another one means other scores."""

    @property
    def sources(self) -> Mapping[str, str]:
        """Text of each file that the check was read from, by its name beside the task's file."""
        return {}

    def metrics(self, name: str) -> tuple[Metric, ...]:
        """What it measures, the primary metric, called `name`, first."""
        return (Metric(name, "binary", f"{name}, by a custom check"),)

    def require(self) -> None:
        """Load what judging needs. Raises TaskError if it is missing."""
        return

    @abstractmethod
    def validate(self, row: Row) -> None:
        """Raise TaskError if no response to this row could be judged."""

    @abstractmethod
    def judge(self, row: Values, response: str) -> Score:
        """Score one response."""


def verdict(reason: str | None, *, answered: bool | None = None, **detail: Any) -> Score:
    """A pass, without a reason, or a fail; `answered` gives a second metric: whether there was an answer at all."""
    passed = (int(reason is None),) if answered is None else (int(reason is None), int(answered))
    return Score(passed, (1,) * len(passed), {"passed": reason is None, "reason": reason, **detail})
