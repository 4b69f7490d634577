"""IFEval as a task: its prompts, its instructions, and what mode `fixed` corrects in the prompt file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import ClassVar

from assay.tasks.ifeval import content, keywords, language, layout, length, punkt  # noqa: F401 - enter their instructions
from assay.tasks.ifeval.corrections import CORRECTIONS
from assay.tasks.ifeval.registry import INSTRUCTIONS
from assay.tasks.instructions import Check, Instruction, InstructionTask
from assay.tasks.task import Example, Form, HubData

__all__ = ["IFEval"]


class IFEval(InstructionTask):
    """541 prompts with 1 to 3 instructions each that a program can verify."""

    kind: ClassVar[str] = "ifeval"
    benchmark: ClassVar[str] = "IFEval"
    source: ClassVar[str] = (
        "https://raw.githubusercontent.com/google-research/google-research/master/instruction_following_eval/data/input_data.jsonl"
    )
    instructions: ClassVar[Mapping[str, Instruction]] = INSTRUCTIONS
    version: ClassVar[str] = "1"
    form: ClassVar[Form] = Form(max_tokens=1280)  # with or without a template, as lm-eval's `ifeval`
    hub: ClassVar[HubData | None] = HubData(
        "google/IFEval", "966cd89545d6b6acfd7638bc708b98261ca58e84", split="train"
    )

    def require(self, examples: Sequence[Example]) -> None:
        """Raise TaskError if punkt's data is needed, missing, and cannot be fetched."""
        if any(
            INSTRUCTIONS[id_].punkt for example in examples for id_ in example.data["instruction_id_list"]
        ):
            punkt.require()

    def correction(self, example: Example, index: int) -> tuple[Check, str] | None:
        """What a prompt of the published file asks for, where its list of instructions says otherwise."""
        correction = CORRECTIONS.get((example.key, index))
        id_, arguments = example.data["instruction_id_list"][index], example.data["kwargs"][index]
        if correction is None or not correction.repairs(example.prompt, id_, arguments):
            return None
        right = INSTRUCTIONS[correction.right_id]
        return partial(right.fixed or right.check, **correction.right_arguments), correction.why

    def notes(self, example: Example) -> dict[str, str]:
        """Where the reference draws at random, what is done instead."""
        notes = {}
        pairs = zip(example.data["instruction_id_list"], example.data["kwargs"], strict=True)
        for index, (id_, arguments) in enumerate(pairs):
            letter = arguments.get("letter", "a")
            if id_ == "keywords:letter_frequency" and not (letter.isascii() and letter.isalpha()):
                notes[str(index)] = f'"{letter}" is counted, where lm-eval counts a letter drawn at random'
        return notes
