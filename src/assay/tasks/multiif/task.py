"""Multi-IF as a task: conversations of three turns, judged turn by turn, and the reference's own averages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, ClassVar

from assay.tasks.ifeval import IFEval
from assay.tasks.instructions import Instruction, InstructionTask
from assay.tasks.multiif import characters, counts  # noqa: F401 - enters its instructions
from assay.tasks.multiif.conversations import TURNS, read_conversations
from assay.tasks.multiif.registry import INSTRUCTIONS
from assay.tasks.task import Answer, Example, Form, Metric, Score

__all__ = ["MultiIF"]

_LISTS = ("strict", "loose", "reasons")


class MultiIF(InstructionTask):
    """Conversations of three turns in eight languages, whose instructions a program can verify."""

    kind: ClassVar[str] = "multi-if"
    benchmark: ClassVar[str] = "Multi-IF"
    source: ClassVar[str] = (
        "https://huggingface.co/datasets/facebook/Multi-IF (multiIF_20241018.csv; its licence, CC BY-NC 2.0, allows "
        "no commercial use)"
    )
    instructions: ClassVar[Mapping[str, Instruction]] = INSTRUCTIONS
    version: ClassVar[str] = "1"
    form: ClassVar[Form] = Form(
        max_tokens=1024, stop=("\n\nUser:",)
    )  # as the reference's own script; `transcript`
    packages: ClassVar[tuple[str, ...]] = ("emoji",)
    metrics: ClassVar[tuple[Metric, ...]] = tuple(
        Metric(f"turn_{turn}_{metric.name}", metric.kind, f"turn {turn}, {metric.title}")
        for turn in range(TURNS, 0, -1)  # the last turn has all instructions, and is the primary metric's
        for metric in InstructionTask.metrics
    )

    def read(self, path: Path) -> tuple[Example, ...]:
        """The conversations of a file. Raises TaskError naming file, line, key, turn and fix."""
        return read_conversations(path, self.instructions, self.benchmark)

    def turns(self, example: Example) -> tuple[str, ...]:
        """What the user says, turn by turn."""
        return (example.prompt, *example.data["turns"])

    def asked(self, example: Example) -> str:
        """Every turn: conversations that begin alike may go on otherwise."""
        return "\n".join(self.turns(example))

    def require(self, examples: Sequence[Example]) -> None:
        """Raise TaskError if emoji or punkt's data is needed and missing."""
        ids = {id_ for example in examples for id_ in example.data["instruction_id_list"]}
        if any(INSTRUCTIONS[id_].needs for id_ in ids):
            characters.require()
        IFEval().require(examples)

    def score(self, example: Example, response: str) -> Score:
        """Judge one response as the answer to every turn."""
        return self.score_answers(example, [Answer(response)] * TURNS)

    def score_answers(self, example: Example, answers: Sequence[Answer]) -> Score:
        """Judge the answer to each turn by that turn's instructions."""
        sizes = example.data["sizes"]
        detail: dict[str, Any] = {name: [] for name in _LISTS} | {"sizes": sizes}
        other: dict[str, Any] = {"strict": [], "loose": [], "why": {}, "sizes": sizes}
        notes: dict[str, str] = {}
        for (start, turn), answer in zip(_turns(example), answers, strict=True):
            judged = self.detail(turn, answer.text)
            for name in _LISTS:
                detail[name] += judged[name]
            theirs = judged.get("other", {**judged, "why": {}})
            for name in ("strict", "loose"):
                other[name] += theirs[name]
            other["why"] |= {str(start + int(index)): why for index, why in theirs["why"].items()}
            notes |= {str(start + int(index)): note for index, note in judged.get("notes", {}).items()}
        if notes:
            detail["notes"] = notes
        if other["why"]:
            detail["other"] = {"mode": next(mode for mode in self.modes if mode != self.mode), **other}
        out_of = [count for size in reversed(sizes) for count in (1, size, 1, size)]
        return Score(self.passed(detail), tuple(out_of), detail)

    def passed(self, checks: Mapping[str, Any]) -> tuple[int, ...]:
        """Of each turn, the last one first: prompt and instructions passed, strict and then loose."""
        by_turn = [
            super(MultiIF, self).passed({form: checks[form][start:end] for form in ("strict", "loose")})
            for start, end in _spans(checks["sizes"])
        ]
        return tuple(count for turn in reversed(by_turn) for count in turn)

    def notes(self, example: Example) -> dict[str, str]:
        """As IFEval's."""
        return IFEval().notes(example)

    def averages(self, examples: Sequence[Example], scores: Sequence[Score]) -> dict[str, float]:
        """The reference's numbers: of each turn, over all and by language, the mean of its four accuracies."""
        groups: dict[str, list[Score]] = {"overall": list(scores)}
        for example, score in zip(examples, scores, strict=True):
            groups.setdefault(example.data["language"], []).append(score)
        averages: dict[str, float] = {}
        for place in range(0, len(self.metrics), 4):
            turn = self.metrics[place].name.removesuffix("_prompt_strict")
            for group, listed in groups.items():
                accuracies = [
                    sum(score.passed[index] for score in listed)
                    / sum(score.out_of[index] for score in listed)
                    for index in range(place, place + 4)
                ]
                averages[f"{turn}_{group}"] = sum(accuracies) / 4
        return averages


def _spans(sizes: Sequence[int]) -> Iterator[tuple[int, int]]:
    """(start, end) of each turn in the lists over all turns."""
    return pairwise(accumulate(sizes, initial=0))


def _turns(example: Example) -> Iterator[tuple[int, Example]]:
    """Each turn as an example of its own, with the place of its first instruction among all."""
    for start, end in _spans(example.data["sizes"]):
        lists = {name: example.data[name][start:end] for name in ("instruction_id_list", "kwargs")}
        yield start, Example(example.key, example.prompt, lists)
