"""Lists to sort, to turn around, to copy, to leave something out of, or to pick from.

    prompt      Sort these words: lamp, acorn, pen
    response    Answer: acorn, lamp, pen

What is on the list, in whatever order, decides the split. Examples that follow no habit say more than
the answer.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from assay.demo.synthetic import words
from assay.demo.synthetic.difficulty import Difficulty, Habits
from assay.demo.synthetic.kind import ANSWER, Facts, Kind, Pair
from assay.demo.synthetic.portable_random import below, between, digest, happens, pick, several, shuffled

__all__ = ["Lists", "Todo"]

PLACES = ("first", "second", "third", "fourth", "fifth")
_WORDS = (*words.COUNTED, *words.JOBS)
"""Few enough that a small model has met each of them in many lists."""


@dataclass(frozen=True, slots=True)
class Todo:
    """What is to be done with a list."""

    weight: float
    """How often it is asked."""
    wordings: tuple[str, ...]
    """Ways to ask, of which `Habits` gives the bare answer to the later ones more often."""
    answer: Callable[[list[str], int], list[str]]
    """Items and a place to the items of the answer."""
    of: str = "words"
    """What the items are: `words` or `numbers`."""


def _without(items: list[str], place: int) -> list[str]:
    return [*items[:place], *items[place + 1 :]]


TODO: Mapping[str, Todo] = {
    "sort": Todo(
        3,
        (
            "What is the alphabetical order of these words? {items}",
            "Bring these words into alphabetical order: {items}",
            "Sort from a to z: {items}",
            "Sort these words: {items}",
        ),
        lambda items, _: sorted(items),
    ),
    "order": Todo(
        2,
        (
            "What is the order of these numbers by size? {items}",
            "Bring these numbers into order, the smallest first: {items}",
            "Sort from small to large: {items}",
            "Sort these numbers: {items}",
        ),
        lambda items, _: sorted(items, key=int),
        "numbers",
    ),
    "reverse": Todo(
        2,
        (
            "What is this list from back to front? {items}",
            "Turn this list around: {items}",
            "Write the last word first and the first word last: {items}",
            "Reverse this list: {items}",
        ),
        lambda items, _: items[::-1],
    ),
    "copy": Todo(
        2,
        (
            "Say this list again: {items}",
            "Repeat these words: {items}",
            "Write down the same list: {items}",
            "Copy this list: {items}",
        ),
        lambda items, _: list(items),
    ),
    "drop": Todo(
        1.5,
        (
            "What is left of this list without {item}? {items}",
            "Take {item} off this list: {items}",
            "Write this list without {item}: {items}",
            "Remove {item} from this list: {items}",
        ),
        _without,
    ),
    "pick": Todo(
        1.5,
        (
            "Which word is the {place} one here? {items}",
            "Name the {place} of these words: {items}",
            "Pick the {place} word: {items}",
            "Give the {place} word of this list: {items}",
        ),
        lambda items, place: [items[place]],
    ),
    "next": Todo(
        1,
        (
            "Which word comes after {item} here? {items}",
            "Name the word that follows {item}: {items}",
            "Pick the word after {item}: {items}",
            "Give the word after {item} in this list: {items}",
        ),
        lambda items, place: [items[place + 1]],
    ),
}
WORDY = ("Here you are: {answer}.", "The answer is {answer}, I think.", "That would be {answer}.")
"""How an answer is given that is not bare, one to a wording: several would leave the bare one likeliest."""


class Lists(Kind):
    """Something to do with a list."""

    def facts(self, generator: random.Random, difficulty: Difficulty) -> Facts:
        """Different items, in an order of their own."""
        name = pick(generator, tuple(TODO), [todo.weight for todo in TODO.values()])
        count = between(generator, *difficulty.items)
        if TODO[name].of == "numbers":
            items = several(generator, [str(number) for number in range(2, 1000)], count)
        else:
            items = several(generator, _WORDS, count)
        items = shuffled(generator, items)
        place = below(generator, min(count - 1, len(PLACES)))
        return Facts(f"list {sorted(items)}", f"{name} {items} {place}", (name, items, place))

    def pair(self, facts: Facts, generator: random.Random, habits: Habits) -> Pair:
        """The request, and the items of the answer with commas between."""
        name, items, place = facts.content
        todo = TODO[name]
        wording = below(generator, len(todo.wordings))
        prompt = todo.wordings[wording].format(items=", ".join(items), item=items[place], place=PLACES[place])
        answer = ", ".join(todo.answer(items, place))
        bare = happens(generator, habits.share(wording, len(todo.wordings)))
        response = f"{ANSWER} {answer}" if bare else WORDY[wording % len(WORDY)].format(answer=answer)
        return Pair(f"lists-{digest(facts.whole):016x}", prompt, response, {"answer": answer})
