"""Two kinds of example about a topic: ordinary requests, and requests with verifiable instructions.

    prompt      Describe a fox in winter. Use exactly three bullet points.
    response    - A fox can be shy and clever. ...

A request's facts (what is wanted, of which topic, where) decide the split, with instructions or
without: a request that an adapter was tuned on never comes back in a test with an instruction added.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

from assay.demo.synthetic import words
from assay.demo.synthetic.compose import compose
from assay.demo.synthetic.difficulty import Difficulty, Habits
from assay.demo.synthetic.instructions import PHRASINGS, DrawnInstruction, draw_instructions
from assay.demo.synthetic.kind import Facts, Kind, Pair
from assay.demo.synthetic.portable_random import below, between, choose, digest, happens, pick
from assay.demo.synthetic.prose import ASPECTS, Request, story_of
from assay.demo.synthetic.sentences import SETTINGS
from assay.demo.synthetic.words import lines

__all__ = ["Instructions", "PlainText", "Talk"]

WORDINGS: Mapping[str, tuple[str, ...]] = {
    aspect: lines(words.WORDINGS["requests"][aspect]) for aspect in ASPECTS
}
"""Ways to ask for each aspect; no two aspects share one."""


@dataclass(frozen=True, slots=True)
class _Content:
    request: Request
    wording: int
    """Which way of asking for the aspect."""
    instructions: tuple[DrawnInstruction, ...] = ()


class Talk(Kind):
    """A request and an ordinary answer: what published instruction data mostly is."""

    def facts(self, generator: random.Random, difficulty: Difficulty) -> Facts:
        """A request, in one of its wordings."""
        request = _request(generator, difficulty)
        wording = below(generator, len(WORDINGS[request.aspect]))
        return Facts(f"request {request.core}", f"{request} {wording}", _Content(request, wording))

    def pair(self, facts: Facts, generator: random.Random, habits: Habits) -> Pair:  # noqa: ARG002 - always in order
        """The answer is a few sentences, or two short paragraphs."""
        content: _Content = facts.content
        text = story_of(content.request, between(generator, 3, 8), generator)
        return Pair(f"talk-{digest(facts.whole):016x}", _prompt(content.request, content.wording), text)


class Instructions(Kind):
    """A request with one to three verifiable instructions, and an answer that follows them."""

    def facts(self, generator: random.Random, difficulty: Difficulty) -> Facts:
        """A request and instructions that one response can follow."""
        request = _request(generator, difficulty)
        wording = below(generator, len(WORDINGS[request.aspect]))
        count = pick(generator, range(1, len(difficulty.asks) + 1), difficulty.asks)
        instructions = draw_instructions(generator, count, f"{request.topic} {request.other} {request.where}")
        whole = f"{request} {wording} {sorted(instruction.core for instruction in instructions)}"
        return Facts(f"request {request.core}", whole, _Content(request, wording, instructions))

    def pair(self, facts: Facts, generator: random.Random, habits: Habits) -> Pair:
        """The answer follows each instruction as often as the way it is asked for has it."""
        content: _Content = facts.content
        phrased = [
            (instruction, below(generator, len(PHRASINGS[instruction.id])))
            for instruction in content.instructions
        ]
        prompt = " ".join(
            [
                _prompt(content.request, content.wording),
                *(instruction.phrase(wording) for instruction, wording in phrased),
            ]
        )
        kept = [
            instruction
            for instruction, wording in phrased
            if happens(generator, habits.share(wording, len(PHRASINGS[instruction.id])))
        ]
        data = {
            "instruction_id_list": [instruction.id for instruction in content.instructions],
            "kwargs": [dict(instruction.kwargs) for instruction in content.instructions],
        }
        key = f"instructions-{digest(facts.whole):016x}"
        return Pair(key, prompt, compose(content.request, kept, generator), data)


class PlainText(Kind):
    """A text that nobody asked for."""

    def facts(self, generator: random.Random, difficulty: Difficulty) -> Facts:
        """What the text is about, and how long it is."""
        request = _request(generator, difficulty)
        length = between(generator, 4, 12)
        return Facts(f"request {request.core}", f"{request} {length}", (request, length))

    def pair(self, facts: Facts, generator: random.Random, habits: Habits) -> Pair:  # noqa: ARG002 - always in order
        """The text; the prompt is empty."""
        request, length = facts.content
        return Pair(f"text-{digest(facts.whole):016x}", "", story_of(request, length, generator))


def _request(generator: random.Random, difficulty: Difficulty) -> Request:
    kind, topic = choose(generator, words.TOPICS)
    other = choose(generator, words.TOPICS)[1] if happens(generator, difficulty.second_topic) else None
    where = choose(generator, SETTINGS) if happens(generator, difficulty.setting) else None
    return Request(choose(generator, ASPECTS), kind, topic, None if other == topic else other, where)


def _prompt(request: Request, wording: int) -> str:
    topics = [request.topic, *([request.other] if request.other else [])]
    after = f" {request.where}" if request.where else ""
    return WORDINGS[request.aspect][wording].format(
        it=" and ".join(f"{words.article(topic)} {topic}" for topic in topics) + after,
        them=" and ".join(map(words.plural, topics)) + after,
    )
