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
from assay.demo.synthetic.words import lines

__all__ = ["Lists", "Todo"]

PLACES = ("first", "second", "third", "fourth", "fifth")
_WORDS = (*words.COUNTED, *words.JOBS)
"""Few enough that a small model has met each of them in many lists."""


@dataclass(frozen=True, slots=True)
class Todo:
    """What is to be done with a list."""

    weight: float
    """How often it is asked."""
    answer: Callable[[list[str], int], list[str]]
    """Items and a place to the items of the answer."""
    of: str = "words"
    """What the items are: `words` or `numbers`."""


def _without(items: list[str], place: int) -> list[str]:
    return [*items[:place], *items[place + 1 :]]


TODO: Mapping[str, Todo] = {
    "sort": Todo(3, lambda items, _: sorted(items)),
    "order": Todo(2, lambda items, _: sorted(items, key=int), of="numbers"),
    "reverse": Todo(2, lambda items, _: items[::-1]),
    "copy": Todo(2, lambda items, _: list(items)),
    "drop": Todo(1.5, _without),
    "pick": Todo(1.5, lambda items, place: [items[place]]),
    "next": Todo(1, lambda items, place: [items[place + 1]]),
}
WORDINGS: Mapping[str, tuple[str, ...]] = {name: lines(words.WORDINGS["lists"][name]) for name in TODO}
"""Ways to ask, of which `Habits` gives the bare answer to the later ones more often."""
WORDY = lines(words.WORDINGS["wordy_lists"])
"""How an answer is given that is not bare."""


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
        wording = below(generator, len(WORDINGS[name]))
        prompt = WORDINGS[name][wording].format(
            items=", ".join(items), item=items[place], place=PLACES[place]
        )
        answer = ", ".join(todo.answer(items, place))
        bare = happens(generator, habits.share(wording, len(WORDINGS[name])))
        response = f"{ANSWER} {answer}" if bare else WORDY[wording % len(WORDY)].format(answer=answer)
        return Pair(f"lists-{digest(facts.whole):016x}", prompt, response, {"answer": answer})
