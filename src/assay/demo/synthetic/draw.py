"""Draws examples of a kind for a split: pre-training, tuning or testing, which never overlap.

    draw("problems", "test", 300, seed=0)

A draw depends on kind, split, seed and difficulty alone, on every platform; a longer draw begins with the
shorter one; no prompt comes twice in a draw. Which split an example belongs to is a digest of its facts,
whatever the seed and the words.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from assay.demo.synthetic.difficulty import DIFFICULTY, TIDY, Difficulty, Habits
from assay.demo.synthetic.kind import SPLITS, Kind, Pair, Split, split_of
from assay.demo.synthetic.lists import Lists
from assay.demo.synthetic.passages import Passages
from assay.demo.synthetic.portable_random import digest, seeded
from assay.demo.synthetic.problems import Problems
from assay.demo.synthetic.requests import Instructions, PlainText, Talk
from assay.errors import TaskError

__all__ = ["KINDS", "VERSION", "draw", "stream"]

VERSION = "3"
"""Of everything drawn. Raise it with any change to a word, a sentence, a lever or a draw."""

KINDS: dict[str, Kind] = {
    "text": PlainText(),
    "talk": Talk(),
    "instructions": Instructions(),
    "problems": Problems(),
    "lists": Lists(),
    "passages": Passages(),
}
"""What can be drawn. The last four are tasks too."""
MISSES = 20_000
"""Draws without anything new after which there is nothing left."""


def draw(
    kind: str,
    split: Split,
    count: int,
    seed: int = 0,
    *,
    difficulty: Difficulty = DIFFICULTY,
    habits: Habits = TIDY,
) -> tuple[Pair, ...]:
    """So many examples. Raises TaskError if the world has not so many of them."""
    pairs = tuple(islice(stream(kind, split, seed, difficulty=difficulty, habits=habits), count))
    if len(pairs) < count:
        raise TaskError(
            f"{len(pairs)} different {kind} for {split}, not {count}",
            place="world",
            fix="draw fewer, or with another seed",
        )
    return pairs


def stream(
    kind: str, split: Split, seed: int = 0, *, difficulty: Difficulty = DIFFICULTY, habits: Habits = TIDY
) -> Iterator[Pair]:
    """Examples, as many as there are. Raises TaskError for an unknown kind or split."""
    if kind not in KINDS or split not in SPLITS:
        raise TaskError(
            f"no {kind!r} for {split!r}",
            place="world",
            fix=f"kinds are {', '.join(KINDS)}, splits are {', '.join(SPLITS)}",
        )
    return _stream(kind, split, seed, difficulty, habits)


def _stream(kind: str, split: Split, seed: int, difficulty: Difficulty, habits: Habits) -> Iterator[Pair]:
    generator = seeded("draw", VERSION, kind, split, seed)
    seen: set[int] = set()
    misses = 0
    while misses < MISSES:
        facts = KINDS[kind].facts(generator, difficulty)
        mark = digest(facts.whole)
        if split_of(facts.core) != split or mark in seen:
            misses += 1
            continue
        misses = 0
        seen.add(mark)
        # Words have a generator of their own, so that habits change no later example.
        yield KINDS[kind].pair(facts, seeded("words", seed, mark), habits)
