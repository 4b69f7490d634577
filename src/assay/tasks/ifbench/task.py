"""IFBench as a task: its prompts, its instructions, and the data that some of them need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from assay.tasks.ifbench import (  # noqa: F401 - enter their instructions
    answers,
    counts,
    english,
    layout,
    nesting,
    places,
    ratios,
    tables,
    wording,
)
from assay.tasks.ifbench.registry import INSTRUCTIONS
from assay.tasks.instructions import Instruction, InstructionTask
from assay.tasks.task import Example, Form, HubData

__all__ = ["IFBench"]


class IFBench(InstructionTask):
    """300 prompts with 1 or 2 of 58 instructions that are unlike IFEval's, and that a program can verify."""

    kind: ClassVar[str] = "ifbench"
    benchmark: ClassVar[str] = "IFBench"
    source: ClassVar[str] = "https://raw.githubusercontent.com/allenai/IFBench/main/data/IFBench_test.jsonl"
    instructions: ClassVar[Mapping[str, Instruction]] = INSTRUCTIONS
    version: ClassVar[str] = "1"
    form: ClassVar[Form] = Form(max_tokens=4096)  # as the reference's own `generate_responses.py`
    hub: ClassVar[HubData | None] = HubData(
        "allenai/IFBench_test", "2e8a48de45ff3bf41242f927254ca81b59ca3ae2", split="train"
    )

    def require(self, examples: Sequence[Example]) -> None:
        """Raise TaskError if nltk's data or syllapy is needed and missing; nothing is downloaded."""
        instructions = [
            INSTRUCTIONS[id_] for example in examples for id_ in example.data["instruction_id_list"]
        ]
        needs = [need for instruction in instructions for need in instruction.needs]
        english.require(needs, with_punkt=any(instruction.punkt for instruction in instructions))
