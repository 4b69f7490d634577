"""A task that a judge model decides: what it asks, and how it reads the answers. It asks nobody itself.

`judge` brings in the answers; with them at hand scoring is pure, as for any task. Without a judge such a task's
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

    words: ClassVar[str]
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
            {"judge": self.judge_identity, "words": self.words}, sort_keys=True, ensure_ascii=False
        )
        return f"{super().scorer}/{hashlib.sha256(text.encode()).hexdigest()[:16]}"

    def with_judge(self, judge: Mapping[str, Any]) -> Self:
        """The same task with a judge."""
        other = copy.copy(self)
        other.judge_identity = dict(judge)
        return other

    def with_judge_answers(self, answers: Mapping[str, str]) -> Self:
        """The same task with the judge's answers at hand."""
        other = copy.copy(self)
        other.answers = answers
        return other

    @abstractmethod
    def question(self, example: Example, response: str) -> str:
        """What the judge is asked about a response."""

    @abstractmethod
    def reminder(self, example: Example) -> str:
        """What it is told where its answer cannot be read."""

    @abstractmethod
    def verdict(self, example: Example, answer: str) -> Score:
        """What an answer says. Pure. Raises ValueError, with what is wrong, for an answer that cannot be read."""

    def score(self, example: Example, response: str) -> Score:
        """What the judge's answer says. Raises KeyError where it was not asked, ValueError as `verdict` does."""
        return self.verdict(example, self.answers[self.question(example, response)])
