"""Short passages about a few people, and a question whose answer is one word of it.

    prompt      Mira lives in Ashby. Tom has a dog. Mira has a fox. Tom lives in Yarrow.

                Where does the owner of the fox live?
    response    Answer: Ashby

What is said of the people decides the split, whatever the question. Examples that follow no habit
answer in a sentence.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

from assay.demo.synthetic import words
from assay.demo.synthetic.difficulty import Difficulty, Habits
from assay.demo.synthetic.kind import ANSWER, Facts, Kind, Pair
from assay.demo.synthetic.portable_random import below, between, digest, happens, several, shuffled

__all__ = ["Passages", "Trait"]


@dataclass(frozen=True, slots=True)
class Trait:
    """Something that is said of each person."""

    values: tuple[str, ...]
    """What it may be."""
    sentence: str
    """What says it."""
    person: str
    """Someone, named by it."""
    questions: tuple[str, ...]
    """Ways to ask for it, of which `Habits` gives the bare answer to the later ones more often."""
    who: tuple[str, ...]
    """Ways to ask whose it is, likewise."""


_VALUES = {
    "town": words.TOWNS,
    "pet": words.NOUNS["animal"],
    "job": words.JOBS,
    "colour": words.COLOURS,
    "instrument": words.NOUNS["instrument"],
}


def _trait(name: str) -> Trait:
    text = words.WORDINGS["passages"][name]
    return Trait(
        _VALUES[name],
        text["sentence"],
        text["person"],
        words.lines(text["questions"]),
        words.lines(text["who"]),
    )


TRAITS: Mapping[str, Trait] = {name: _trait(name) for name in _VALUES}


@dataclass(frozen=True, slots=True)
class _Passage:
    people: tuple[tuple[str, tuple[str, str]], ...]
    """Each name with the values of both traits."""
    traits: tuple[str, str]
    who: int
    """Which of the people is asked about."""
    wanted: int
    """Which of the traits is; 2: the name."""
    relayed: bool
    """Whether that person is named by the other trait."""
    order: tuple[int, ...]
    """Of the sentences."""


class Passages(Kind):
    """A passage and a question."""

    def facts(self, generator: random.Random, difficulty: Difficulty) -> Facts:
        """People with two traits each; no two share a value."""
        count = between(generator, *difficulty.people)
        names = several(generator, words.WOMEN + words.MEN, count)
        first, second = several(generator, tuple(TRAITS), 2)
        values = [several(generator, TRAITS[trait].values, count) for trait in (first, second)]
        people = tuple(zip(names, zip(*values, strict=True), strict=True))
        relayed = happens(generator, difficulty.relayed)
        wanted = below(generator, 2 if relayed else 3)
        order = tuple(shuffled(generator, range(2 * count)))
        passage = _Passage(people, (first, second), below(generator, count), wanted, relayed, order)
        core = f"passage {sorted((name, *sorted(traits)) for name, traits in people)}"
        return Facts(core, str(passage), passage)

    def pair(self, facts: Facts, generator: random.Random, habits: Habits) -> Pair:
        """The sentences, the question, and the answer."""
        passage: _Passage = facts.content
        sentences = [
            _fill(TRAITS[trait].sentence, name, value)
            for name, values in passage.people
            for trait, value in zip(passage.traits, values, strict=True)
        ]
        name, values = passage.people[passage.who]
        known = below(generator, 2) if passage.wanted == 2 else 1 - passage.wanted
        wording = below(generator, 4)
        question, answer = _asked(passage, name, values, known, wording)
        sentence = sentences[2 * passage.who + (known if passage.wanted == 2 else passage.wanted)]
        response = f"{ANSWER} {answer}" if happens(generator, habits.share(wording, 4)) else sentence
        prompt = f"{' '.join(sentences[place] for place in passage.order)}\n\n{question}"
        return Pair(f"passages-{digest(facts.whole):016x}", prompt, response, {"answer": answer})


def _asked(
    passage: _Passage, name: str, values: tuple[str, str], known: int, wording: int
) -> tuple[str, str]:
    """Question and answer; `known` is the trait that a person is named by."""
    trait = TRAITS[passage.traits[known]]
    if passage.wanted == 2:
        return _fill(trait.who[wording], name, values[known]), name
    person = trait.person.format(value=values[known]) if passage.relayed else name
    text = TRAITS[passage.traits[passage.wanted]].questions[wording].format(name=person)
    return text[0].upper() + text[1:], values[passage.wanted]


def _fill(template: str, name: str, value: str) -> str:
    text = template.format(name=name, value=value, a_value=f"{words.article(value)} {value}")
    return text[0].upper() + text[1:]
