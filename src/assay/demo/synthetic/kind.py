"""A kind of example: facts that decide its split, and words around them. It knows no task.

Facts are drawn first, and their digest says to which split they belong; only then are they put into
words. So a paraphrase can never cross from one split to another.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from assay.demo.synthetic.difficulty import Difficulty, Habits
from assay.demo.synthetic.portable_random import digest

__all__ = ["ANSWER", "SPLITS", "Facts", "Kind", "Pair", "Split", "split_of"]

Split = Literal["pretrain", "tune", "test"]
ANSWER = "Answer:"
"""Begins a short answer, whose first word then has a space before it as it had where it was read: the same token."""
SPLITS: tuple[Split, ...] = get_args(Split)

_SHARES: tuple[Split, ...] = ("pretrain",) * 6 + ("tune",) * 2 + ("test",) * 2


@dataclass(frozen=True, slots=True)
class Pair:
    """A prompt and a response to learn from."""

    key: str
    """Of the facts: unique in a draw."""
    prompt: str
    """Empty for plain text."""
    response: str
    data: Mapping[str, Any] = field(default_factory=dict)
    """What judges a response to the prompt, in the form of its task."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What an example is about, before it is put into words."""

    core: str
    """Decides the split; the same for every example that would give another one away."""
    whole: str
    """All of the facts: no two examples of a draw share them."""
    content: Any
    """The kind's own."""


class Kind(ABC):
    """A kind of example. Both methods are pure functions of what they are given."""

    @abstractmethod
    def facts(self, generator: random.Random, difficulty: Difficulty) -> Facts:
        """Draw what an example is about."""

    @abstractmethod
    def pair(self, facts: Facts, generator: random.Random, habits: Habits) -> Pair:
        """Put it into words: the prompt first, so that habits change the response only."""


def split_of(core: str) -> Split:
    """The split of some facts: six in ten are for pre-training, two for tuning, two for testing."""
    return _SHARES[digest("split", core) % len(_SHARES)]
