"""A task of verifiable instructions: runs the checks of each, strictly and loosely, and compares both modes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, ClassVar

from assay.tasks.instructions.instruction import Check, Instruction
from assay.tasks.instructions.prompts import read_prompts
from assay.tasks.task import Example, Metric, Score, Task

__all__ = ["InstructionTask"]

EMPTY = "the response is empty"


class InstructionTask(Task):
    """Prompts with instructions that a program can verify, judged as IFEval's reference does.

    Strict: the response follows. Loose: so it does without stars, its first line or its last line.
    """

    capability: ClassVar[str] = "instruction"
    data_field: ClassVar[str] = "prompts"
    benchmark: ClassVar[str]
    """For people: `IFEval`."""
    instructions: ClassVar[Mapping[str, Instruction]]
    """By id."""
    modes: ClassVar[tuple[str, ...]] = ("reference", "fixed")
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("prompt_strict", "binary", "prompt-level accuracy, strict"),
        Metric("instruction_strict", "ratio", "instruction-level accuracy, strict"),
        Metric("prompt_loose", "binary", "prompt-level accuracy, loose"),
        Metric("instruction_loose", "ratio", "instruction-level accuracy, loose"),
    )

    def read(self, path: Path) -> tuple[Example, ...]:
        """The prompts of a file. Raises TaskError naming file, line, key and fix."""
        return read_prompts(path, self.instructions, self.benchmark)

    def score(self, example: Example, response: str) -> Score:
        """Judge one response in this task's mode, and say where the other mode differs and why."""
        detail = self.detail(example, response)
        count = len(example.data["kwargs"])
        return Score(self.passed(detail), (1, count, 1, count), detail)

    def detail(self, example: Example, response: str) -> dict[str, Any]:
        """The checks of one response, strict and loose, and their reasons."""
        questions = [self._question(example, index) for index in range(len(example.data["kwargs"]))]
        variants = _Variants(response)
        other = next(mode for mode in self.modes if mode != self.mode)
        ours = [variants.judge(question.checks[self.mode]) for question in questions]
        theirs = [
            variants.judge(question.checks[other]) if question.why else verdict
            for question, verdict in zip(questions, ours, strict=True)
        ]
        detail: dict[str, Any] = _passes(ours) | {"reasons": [verdict.reason for verdict in ours]}
        if self.mode == "reference" and (notes := self.notes(example)):
            detail["notes"] = notes
        pairs = enumerate(zip(questions, ours, theirs, strict=True))
        why = {str(index): question.why for index, (question, a, b) in pairs if _passes([a]) != _passes([b])}
        if why:
            detail["other"] = {"mode": other, **_passes(theirs), "why": why}
        return detail

    def passed(self, checks: Mapping[str, Any]) -> tuple[int, ...]:
        """Prompt and instructions passed, strict and then loose."""
        strict, loose = checks["strict"], checks["loose"]
        return int(all(strict)), sum(strict), int(all(loose)), sum(loose)

    def correction(self, example: Example, index: int) -> tuple[Check, str] | None:  # noqa: ARG002
        """What mode `fixed` asks instead where the prompt file is at fault, and that fault in words."""
        return None

    def notes(self, example: Example) -> dict[str, str]:  # noqa: ARG002
        """By place of the instruction: what mode `reference` does where the reference is not deterministic."""
        return {}

    def _question(self, example: Example, index: int) -> _Question:
        id_, arguments = example.data["instruction_id_list"][index], example.data["kwargs"][index]
        instruction = self.instructions[id_]
        reference = partial(instruction.check, **arguments)
        if correction := self.correction(example, index):
            fixed, why = correction
            return _Question({"reference": reference, "fixed": fixed}, why)
        if instruction.fixed is None:
            return _Question({"reference": reference, "fixed": reference}, None)
        fixed = partial(instruction.fixed, **arguments)
        return _Question({"reference": reference, "fixed": fixed}, instruction.why)


@dataclass(frozen=True, slots=True)
class _Question:
    checks: Mapping[str, Check]
    """One a mode, with its arguments."""
    why: str | None
    """How the modes can differ; None if they cannot."""


@dataclass(frozen=True, slots=True)
class _Verdict:
    reason: str | None
    """Why strict failed."""
    loose: bool


class _Variants:
    """A response and what the loose verdict looks at besides: without stars, first line, last line."""

    def __init__(self, response: str) -> None:
        self.response = response
        self.empty = not response.strip()

    @cached_property
    def others(self) -> list[str]:
        """Those that are neither the response itself nor empty nor another one again."""
        first, last = self.response.find("\n"), self.response.rfind("\n")
        cut = [self.response]
        if first >= 0:
            inner = self.response[first + 1 : last] if first < last else ""
            cut += [self.response[first + 1 :].strip(), self.response[:last].strip(), inner.strip()]
        distinct = dict.fromkeys(cut + [text.replace("*", "") for text in cut])
        return [text for text in distinct if text != self.response and text.strip()]

    def judge(self, check: Check) -> _Verdict:
        if self.empty:
            return _Verdict(EMPTY, loose=False)
        reason = check(self.response)
        return _Verdict(reason, reason is None or any(check(text) is None for text in self.others))


def _passes(verdicts: Sequence[_Verdict]) -> dict[str, list[bool]]:
    return {
        "strict": [verdict.reason is None for verdict in verdicts],
        "loose": [verdict.loose for verdict in verdicts],
    }
