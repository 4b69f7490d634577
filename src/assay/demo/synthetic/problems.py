"""Word problems of one to three steps, with worked answers.

    prompt      Mira has 12 pens. She buys 30 more. How many pens does Mira have now?
    response    That makes 12 + 30 = 42 pens.
                #### 42

The numbers and what is done with them decide the split: the same sum about other people and other
things stays in it. Examples that follow no habit give the number at once, which is as right, and harder.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from assay.demo.synthetic import words
from assay.demo.synthetic.difficulty import Difficulty, Habits
from assay.demo.synthetic.kind import Facts, Kind, Pair
from assay.demo.synthetic.portable_random import below, between, choose, digest, happens, pick

__all__ = ["Event", "Problem", "Problems"]

Doing = Literal["gain", "lose", "packs", "more", "fewer", "together", "times"]

_TEXT = words.WORDINGS["problems"]
START, PACKED, IDLE = (words.lines(_TEXT[name]) for name in ("start", "packed", "idle"))
"""The first sentence, without and with boxes; sentences with a number that has no use."""
EVENTS: Mapping[str, tuple[str, ...]] = {name: words.lines(text) for name, text in _TEXT["events"].items()}
QUESTIONS: Mapping[str, tuple[str, ...]] = {
    name: words.lines(text) for name, text in _TEXT["questions"].items()
}
"""Ways to ask, by the last event, of which `Habits` shows the work for the later ones more often."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happens to the number."""

    doing: Doing
    n: int
    """How many, or how many in each."""
    k: int = 1
    """Bags, or how many times as many."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Numbers and what is done with them, and who does it with what."""

    n: int
    """How many there are at the start, or in each box."""
    boxes: int
    """0: they are not in boxes."""
    events: tuple[Event, ...]
    hero: str
    woman: bool
    friend: str
    other: str
    item: str
    idle: tuple[int, int] | None
    """Which sentence without a use, and its number."""


class Problems(Kind):
    """Word problems."""

    def facts(self, generator: random.Random, difficulty: Difficulty) -> Facts:
        """Numbers that never fall below two, and names."""
        steps = pick(generator, range(1, len(difficulty.steps) + 1), difficulty.steps)
        digits = pick(generator, range(1, len(difficulty.digits) + 1), difficulty.digits)
        n, boxes = _number(generator, digits), 0
        if happens(generator, 0.25):
            boxes, steps = between(generator, 2, 9), steps - 1
            n = _number(generator, min(digits, 3))
        events = tuple(_events(generator, n * max(1, boxes), steps, digits))
        woman = happens(generator, 0.5)
        problem = Problem(
            n,
            boxes,
            events,
            choose(generator, words.WOMEN if woman else words.MEN),
            woman,
            choose(generator, words.MEN),
            choose(generator, words.WOMEN),
            choose(generator, words.COUNTED),
            (below(generator, len(IDLE)), between(generator, 2, 60))
            if happens(generator, difficulty.distractor)
            else None,
        )
        if problem.hero in (problem.friend, problem.other):
            return self.facts(generator, difficulty)
        return Facts(f"problem {n} {boxes} {events}", str(problem), problem)

    def pair(self, facts: Facts, generator: random.Random, habits: Habits) -> Pair:
        """The story, the question, and the work or the bare number."""
        problem: Problem = facts.content
        slots = _slots(problem)
        story = [choose(generator, PACKED if problem.boxes else START).format(**slots)]
        if problem.idle:
            story.append(IDLE[problem.idle[0]].format(**slots | {"n": problem.idle[1]}))
        for event in problem.events:
            text = choose(generator, EVENTS[event.doing]).format(**slots | {"n": event.n, "k": event.k})
            story.append(text[0].upper() + text[1:])
        last = problem.events[-1].doing if problem.events else "now"
        wordings = QUESTIONS.get(last, QUESTIONS["now"])
        wording = below(generator, len(wordings))
        story.append(wordings[wording].format(**slots))
        work, answer = _worked(problem, words.plural(problem.item))
        with_work = happens(generator, habits.share(wording, len(wordings)))
        response = f"{' '.join(work)}\n#### {answer}" if with_work else f"#### {answer}"
        data = {"answer": str(answer), "steps": len(work)}
        return Pair(f"problems-{digest(facts.whole):016x}", " ".join(story), response, data)


def _number(generator: random.Random, digits: int) -> int:
    return between(generator, 10 ** (digits - 1) if digits > 1 else 2, 10**digits - 1)


def _events(generator: random.Random, value: int, steps: int, digits: int) -> list[Event]:
    """So many steps; buying bags takes two, and what compares two people comes last."""
    events: list[Event] = []
    while steps > 0:
        last = steps == 1 and happens(generator, 0.5)
        event = _last(generator, value, digits) if last else _middle(generator, value, steps, digits)
        steps -= 2 if event.doing == "packs" else 1
        value += {"gain": event.n, "lose": -event.n, "packs": event.n * event.k}.get(event.doing, 0)
        events.append(event)
    return events


def _middle(generator: random.Random, value: int, steps: int, digits: int) -> Event:
    if steps > 1 and happens(generator, 0.3):
        return Event("packs", _number(generator, min(digits, 2)), between(generator, 2, 9))
    if value > 3 and happens(generator, 0.5):
        return Event("lose", between(generator, 2, min(value - 2, 10**digits - 1)))
    return Event("gain", _number(generator, digits))


def _last(generator: random.Random, value: int, digits: int) -> Event:
    doing: Doing = choose(generator, ("more", "together", "times"))
    if doing == "times":
        return Event("times", 1, between(generator, 2, 5))
    n = _number(generator, digits)
    if abs(n - value) < 2:
        n = value + 2
    return Event("fewer" if doing == "more" and n > value else doing, n)


def _worked(problem: Problem, items: str) -> tuple[list[str], int]:
    """A sentence with a calculation a step, and the answer."""
    value, work = problem.n, []
    if problem.boxes:
        value *= problem.boxes
        work.append(f"The boxes hold {problem.boxes} * {problem.n} = {value} {items}.")
    for event in problem.events:
        n = event.n
        match event.doing:
            case "packs":
                n *= event.k
                work.append(f"The bags hold {event.k} * {event.n} = {n} {items}.")
                text, value = f"That makes {value} + {n}", value + n
            case "gain":
                text, value = f"That makes {value} + {n}", value + n
            case "lose":
                text, value = f"That leaves {value} - {n}", value - n
            case "more":
                text, value = f"The difference is {value} - {n}", value - n
            case "fewer":
                text, value = f"The difference is {n} - {value}", n - value
            case "together":
                text, value = f"Together that is {value} + {n}", value + n
            case "times":
                text, value = f"{problem.other} has {event.k} * {value}", event.k * value
        work.append(f"{text} = {value} {items}.")
    return work, value


def _slots(problem: Problem) -> dict[str, str | int]:
    return {
        "hero": problem.hero,
        "friend": problem.friend,
        "other": problem.other,
        "items": words.plural(problem.item),
        "n": problem.n,
        "k": problem.boxes,
        "She": "She" if problem.woman else "He",
        "she": "she" if problem.woman else "he",
        "her": "her" if problem.woman else "him",
    }
