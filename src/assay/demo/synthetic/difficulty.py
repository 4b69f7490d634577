"""How hard the small world is, and how well its examples behave. Every number to tune is here.

`DIFFICULTY` is what the tasks are drawn with: half of a task is easy and some of it is out of a small
model's reach, so that a base is half able whatever its training. A change to one is a new draw: raise
`draw.VERSION`.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DIFFICULTY", "TIDY", "Difficulty", "Habits"]


@dataclass(frozen=True, slots=True)
class Difficulty:
    """Difficulty. Weights need not add up to one."""

    asks: tuple[float, ...] = (5, 4, 2)
    """Weight of 1, 2, 3 verifiable instructions in a prompt."""
    second_topic: float = 0.25
    """Share of requests about two things."""
    setting: float = 0.3
    """Share of requests that say where or when."""
    steps: tuple[float, ...] = (5, 3, 1)
    """Weight of 1, 2, 3 steps in a word problem."""
    digits: tuple[float, ...] = (6, 5, 1)
    """Weight of 1, 2, 3 digits in its numbers; a factor has one digit."""
    distractor: float = 0.25
    """Share of word problems with a number that has no use."""
    items: tuple[int, int] = (3, 7)
    """Shortest and longest list."""
    people: tuple[int, int] = (2, 4)
    """Fewest and most people in a passage."""
    relayed: float = 0.35
    """Share of questions about a passage that name a person by another fact about them."""


@dataclass(frozen=True, slots=True)
class Habits:
    """How often training examples do what they are asked, by the words that ask for it.

    Each way to ask has its own share, evenly spaced from the lowest to the highest. A base trained on
    them does as asked when asked in some words, and not in others: it is half able.
    """

    lowest: float = 1.0
    highest: float = 1.0

    def share(self, phrasing: int, phrasings: int) -> float:
        """The share of examples that behave, of those asked in this of so many ways."""
        return self.lowest + (self.highest - self.lowest) * phrasing / max(1, phrasings - 1)


DIFFICULTY = Difficulty()
"""What the tasks are drawn with."""
TIDY = Habits()
"""Every example does what it is asked."""
