"""M-IFEval as a task: its prompts, its instructions, and the packages that some of them need."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import ClassVar

from assay.tasks.ifeval import punkt
from assay.tasks.instructions import Instruction, InstructionTask
from assay.tasks.mifeval import (  # noqa: F401 - enter their instructions
    french,
    japanese,
    japanese_words,
    kana,
    sentences,
    spanish,
    spanish_words,
)
from assay.tasks.mifeval.registry import INSTRUCTIONS
from assay.tasks.task import Example, Form

__all__ = ["MIFEval"]

_REQUIRE: Mapping[str, Callable[[], None]] = {
    spanish_words.WORDS: spanish_words.require,
    sentences.SPANISH: partial(sentences.require, sentences.SPANISH),
    sentences.FRENCH: partial(sentences.require, sentences.FRENCH),
    japanese_words.WORDS: japanese_words.require,
}
_LATIN_LETTERS = ("es:keywords:letter_frequency", "fr:keywords:letter_frequency")


class MIFEval(InstructionTask):
    """Prompts in Spanish, French and Japanese with 93 instructions that a program can verify."""

    kind: ClassVar[str] = "m-ifeval"
    benchmark: ClassVar[str] = "M-IFEval"
    source: ClassVar[str] = "https://github.com/lightblue-tech/M-IFEval/tree/main/data"
    instructions: ClassVar[Mapping[str, Instruction]] = INSTRUCTIONS
    version: ClassVar[str] = "1"
    form: ClassVar[Form] = Form(max_tokens=2048)  # as the reference's own `get_responses.py`
    packages: ClassVar[tuple[str, ...]] = ("spacy", "janome")

    def require(self, examples: Sequence[Example]) -> None:
        """Raise TaskError if spaCy, punkt's data or janome is needed and missing."""
        instructions = [
            INSTRUCTIONS[id_] for example in examples for id_ in example.data["instruction_id_list"]
        ]
        for need in dict.fromkeys(need for instruction in instructions for need in instruction.needs):
            _REQUIRE[need]()
        if any(instruction.punkt for instruction in instructions):
            punkt.require()

    def notes(self, example: Example) -> dict[str, str]:
        """Where the reference draws at random, what is done instead."""
        notes = {}
        pairs = zip(example.data["instruction_id_list"], example.data["kwargs"], strict=True)
        for index, (id_, arguments) in enumerate(pairs):
            letter = arguments.get("letter", "a")
            if id_ in _LATIN_LETTERS and not (letter.isascii() and letter.isalpha()):
                notes[str(index)] = (
                    f'"{letter}" is counted, where the reference counts a letter drawn at random'
                )
        return notes
