"""Draws that are the same on every platform and in every version of Python. It knows no words.

    generator = seeded("problems", "test", 0)
    choose(generator, ("red", "green"))

`Random.random()` is promised to keep its sequence; `choice`, `shuffle` and `sample` are not.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from typing import TypeVar

__all__ = ["below", "between", "choose", "digest", "happens", "pick", "seeded", "several", "shuffled"]

T = TypeVar("T")


def digest(*parts: object) -> int:
    """64 bits of the SHA-256 of the parts' texts."""
    text = "\x1f".join(map(str, parts))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def seeded(*parts: object) -> random.Random:
    """A generator that depends on these parts and nothing else."""
    return random.Random(digest(*parts))  # noqa: S311 - made-up text, not a secret


def below(generator: random.Random, end: int) -> int:
    """A whole number from 0 to `end` - 1."""
    return int(generator.random() * end)


def between(generator: random.Random, first: int, last: int) -> int:
    """A whole number from `first` to `last`, both included."""
    return first + int(generator.random() * (last - first + 1))


def happens(generator: random.Random, probability: float) -> bool:
    """True with this probability."""
    return generator.random() < probability


def choose(generator: random.Random, options: Sequence[T]) -> T:
    """One of the options, each as likely as another."""
    return options[int(generator.random() * len(options))]


def pick(generator: random.Random, options: Sequence[T], weights: Sequence[float]) -> T:
    """One of the options, by weight; one of weight 0 never."""
    left = generator.random() * sum(weights)
    chosen = max(index for index, weight in enumerate(weights) if weight > 0)
    for index, weight in enumerate(weights):
        left -= weight
        if left < 0:
            chosen = index
            break
    return options[chosen]


def several(generator: random.Random, options: Sequence[T], count: int) -> list[T]:
    """So many different places of `options`, in the order drawn; `count` is at most their number."""
    if count * 3 >= len(options):
        return shuffled(generator, options)[:count]
    places: list[int] = []
    while len(places) < count:
        place = int(generator.random() * len(options))
        if place not in places:
            places.append(place)
    return [options[place] for place in places]


def shuffled(generator: random.Random, options: Sequence[T]) -> list[T]:
    """All of them, in a drawn order."""
    order = list(options)
    for last in range(len(order) - 1, 0, -1):
        other = int(generator.random() * (last + 1))
        order[last], order[other] = order[other], order[last]
    return order
