"""Verifiable instructions of the small world: IFEval's own ids and arguments, drawn and put into words.

Of IFEval's 25, those that make sense in a few sentences of plain English and need no punkt. Capital
letters are left out: the reference detects the language of a short text in capitals by its first
letters, and fails one in ten that are right. Lowercase stays: it fails none of two sentences or more.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from assay.demo.synthetic import words
from assay.demo.synthetic.portable_random import between, choose, several
from assay.demo.synthetic.sentences import ENDINGS
from assay.demo.synthetic.words import WORDINGS, lines
from assay.tasks.ifeval.registry import INSTRUCTIONS

__all__ = ["LAYOUTS", "PHRASINGS", "DrawnInstruction", "draw_instructions"]

LAYOUTS = {
    "detectable_format:number_bullet_lists": "num_bullets",
    "detectable_format:multiple_sections": "num_sections",
    "length_constraints:number_paragraphs": "num_paragraphs",
}
"""Ways to divide a text, of which it can have one, and the argument that says in how many."""
_LONG = LAYOUTS.keys() | {
    "keywords:existence",
    "keywords:frequency",
    "detectable_content:number_placeholders",
    "detectable_content:postscript",
}
"""What a very short text has no room for."""
COMMON = words.listed("""people good look find there many some friend know day old learn world children see place take near
    never every keep best town""")
"""Words that are hard to do without: the forbidden ones."""
_NUMBERS = ("one", "two", "three", "four", "five", "six")


@dataclass(frozen=True, slots=True)
class DrawnInstruction:
    """One verifiable instruction."""

    id: str
    """IFEval's."""
    kwargs: Mapping[str, Any]
    """Its arguments."""

    @property
    def core(self) -> str:
        """Id and arguments, as one text."""
        return f"{self.id} {sorted(self.kwargs.items())}"

    @property
    def short(self) -> bool:
        """Whether it wants a very short text."""
        return self.kwargs.get("relation") == "less than"

    def phrase(self, phrasing: int) -> str:
        """The instruction in one of its wordings."""
        return PHRASINGS[self.id][phrasing].format(**_spoken(self.kwargs))

    def followed(self, text: str) -> bool:
        """Whether the verifiers of both modes accept a text."""
        instruction = INSTRUCTIONS[self.id]
        checks = (instruction.check, instruction.fixed or instruction.check)
        return all(check(text, **self.kwargs) is None for check in checks)


def _none(_: random.Random) -> dict[str, Any]:
    return {}


def _keywords(generator: random.Random) -> dict[str, Any]:
    return {"keywords": several(generator, words.COUNTED, between(generator, 1, 2))}


def _frequency(generator: random.Random) -> dict[str, Any]:
    return {
        "keyword": choose(generator, words.COUNTED),
        "frequency": between(generator, 2, 3),
        "relation": "at least",
    }


def _forbidden(generator: random.Random) -> dict[str, Any]:
    return {"forbidden_words": several(generator, COMMON, between(generator, 1, 2))}


def _number_words(generator: random.Random) -> dict[str, Any]:
    if generator.random() < 0.5:
        return {"num_words": 5 * between(generator, 5, 14), "relation": "at least"}
    return {"num_words": 5 * between(generator, 4, 8), "relation": "less than"}


def _count(name: str, first: int, last: int) -> Callable[[random.Random], dict[str, Any]]:
    return lambda generator: {name: between(generator, first, last)}


def _one_of(name: str, options: tuple[str, ...]) -> Callable[[random.Random], dict[str, Any]]:
    return lambda generator: {name: choose(generator, options)}


def _sections(generator: random.Random) -> dict[str, Any]:
    return {
        "section_spliter": choose(generator, ("SECTION", "PART")),
        "num_sections": between(generator, 2, 3),
    }


ARGUMENTS: Mapping[str, Callable[[random.Random], dict[str, Any]]] = {
    "keywords:existence": _keywords,
    "keywords:frequency": _frequency,
    "keywords:forbidden_words": _forbidden,
    "length_constraints:number_words": _number_words,
    "length_constraints:number_paragraphs": _count("num_paragraphs", 2, 4),
    "detectable_format:number_bullet_lists": _count("num_bullets", 2, 5),
    "detectable_format:multiple_sections": _sections,
    "detectable_format:number_highlighted_sections": _count("num_highlights", 2, 3),
    "detectable_format:title": _none,
    "detectable_content:number_placeholders": _count("num_placeholders", 2, 3),
    "detectable_content:postscript": _one_of("postscript_marker", ("P.S.", "P.P.S")),
    "startend:end_checker": _one_of("end_phrase", ENDINGS),
    "startend:quotation": _none,
    "punctuation:no_comma": _none,
    "change_case:english_lowercase": _none,
}
"""What draws the arguments of each instruction, by IFEval's id."""
PHRASINGS: Mapping[str, tuple[str, ...]] = {id_: lines(WORDINGS["instructions"][id_]) for id_ in ARGUMENTS}
"""Ways to ask for each, of which `Habits` obeys the later ones more often."""
_IDS = tuple(PHRASINGS)


def draw_instructions(generator: random.Random, count: int, taken: str) -> tuple[DrawnInstruction, ...]:
    """So many instructions that one response can follow; `taken` is what it cannot do without."""
    instructions: list[DrawnInstruction] = []
    while len(instructions) < count:
        id_ = choose(generator, _IDS)
        instruction = DrawnInstruction(id_, ARGUMENTS[id_](generator))
        if all(
            _agree(instruction, other) and _agree(other, instruction) for other in instructions
        ) and not _needs(instruction, taken):
            instructions.append(instruction)
    return tuple(instructions)


def _agree(first: DrawnInstruction, other: DrawnInstruction) -> bool:
    if first.id == other.id or (first.id in LAYOUTS and other.id in LAYOUTS):
        return False
    if first.short and other.id in _LONG:
        return False
    if first.id == "change_case:english_lowercase":
        return other.id != "detectable_format:multiple_sections" and not other.short
    if first.id == "keywords:frequency" and other.id == "keywords:existence":
        return first.kwargs["keyword"] not in other.kwargs["keywords"]
    return not _needs(first, str(other.kwargs.get("end_phrase", "")))


def _needs(instruction: DrawnInstruction, text: str) -> bool:
    """Whether a forbidden word stands in a text that is needed."""
    needed = text.lower().replace(".", "").split()
    return any(word in needed for word in instruction.kwargs.get("forbidden_words", ()))


def _spoken(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    listed = kwargs.get("keywords") or kwargs.get("forbidden_words") or ()
    spoken = {name: _NUMBERS[value - 1] if name in _SPELLED else value for name, value in kwargs.items()}
    return spoken | {"words": " and ".join(f'"{word}"' for word in listed)}


_SPELLED = frozenset({"num_paragraphs", "num_sections", "num_bullets", "num_placeholders", "num_highlights"})
