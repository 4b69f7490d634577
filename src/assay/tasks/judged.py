"""A task that a judge model decides: its questions, and how it reads the answers. It calls no model itself.

`assay.scoring.judge` gets the answers; with them scoring is pure, as for any task. Without a judge such a task's
responses are kept and its metrics are not measured.
"""

from __future__ import annotations

import copy
import hashlib
import json
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from assay.tasks.task import Example, Score, Task

__all__ = ["JudgedTask"]


class JudgedTask(Task):
    """A benchmark whose responses another model judges."""

    wording: ClassVar[str]
    """Of the questions, verbatim: another wording makes other scores."""
    judge_identity: Mapping[str, Any] | None = None
    """Identity of the judge, JSON: model, kind of endpoint, limits; None where a study names none."""
    answers: Mapping[str, str] = {}
    """Answer to each question."""

    @property
    def scorer(self) -> str:
        """Identity of the verifier, the judge and the wording of its questions included."""
        if self.judge_identity is None:
            return f"{super().scorer}/no judge"
        text = json.dumps(
            {"judge": self.judge_identity, "words": self.wording}, sort_keys=True, ensure_ascii=False
        )
        return f"{super().scorer}/{hashlib.sha256(text.encode()).hexdigest()[:16]}"

    def with_judge(self, judge: Mapping[str, Any]) -> Self:
        """The same task with a judge."""
        other = copy.copy(self)
        other.judge_identity = dict(judge)
        return other

    def with_judge_answers(self, answers: Mapping[str, str]) -> Self:
        """The same task with the judge's answers."""
        other = copy.copy(self)
        other.answers = answers
        return other

    @abstractmethod
    def question(self, example: Example, response: str) -> str:
        """The question to the judge about a response."""

    @abstractmethod
    def reminder(self, example: Example) -> str:
        """The message to the judge where its answer cannot be read."""

    @abstractmethod
    def verdict(self, example: Example, answer: str) -> Score:
        """The score that an answer gives. Pure. Raises ValueError, with what is wrong, for an answer that cannot be read."""

    def score(self, example: Example, response: str) -> Score:
        """The score that the judge's answer gives. Raises KeyError where there is none, ValueError as `verdict` does."""
        return self.verdict(example, self.answers[self.question(example, response)])
