"""What a check of one's own is: it looks at a row of the prompt file and at a response. It reads no file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from assay.tasks.task import Metric, Score

__all__ = ["Check", "Row", "judged", "shown"]

Row = Mapping[str, Any]
"""A line of the prompt file, whole."""


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
        return (Metric(name, "binary", f"{name}, by a check of one's own"),)

    def require(self) -> None:
        """Load what judging needs. Raises TaskError if it is not there."""
        return

    @abstractmethod
    def refusal(self, row: Row) -> str:
        """Why no response to this row could be judged, and the fix; empty where one can."""

    @abstractmethod
    def judge(self, row: Row, response: str) -> Score:
        """Score one response."""


def judged(reason: str | None, *, found: bool | None = None, **detail: Any) -> Score:
    """A score of pass, without a reason, or fail; `found` says of a second metric whether there was an answer."""
    passed = (int(reason is None),) if found is None else (int(reason is None), int(found))
    return Score(passed, (1,) * len(passed), {"passed": reason is None, "reason": reason, **detail})


def shown(value: object, most: int = 60) -> str:
    """A value for a reason or message, cut."""
    told = repr(value)
    return told if len(told) <= most else f"{told[:most]}..."
