"""The order of the examples, and each batch as parts without padding. It needs torch, and knows no model.

A part is whole examples end to end. Those of one length lie side by side, so that attention takes them
as one block, and no example sees another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import groupby

import torch
from torch import Tensor
from torch.utils.data import Dataset

from assay.training.tokens import Tokenised

__all__ = ["Example", "Feed", "Part", "order", "parts"]

NEAR = 10
"""Batches among which examples are sorted by length."""


@dataclass(frozen=True, slots=True)
class Example:
    """Tokens of prompt, response and end; the response begins at `start`."""

    tokens: Sequence[int]
    start: int


@dataclass(frozen=True, slots=True)
class Part:
    """Examples that go through the model in one pass."""

    tokens: Tensor
    """(1, T)."""
    positions: Tensor
    """(1, T): of each token in its example."""
    blocks: tuple[tuple[int, int], ...]
    """(examples, tokens of each), for each length in turn."""
    before: Tensor
    """(K): places after which a token is learnt."""
    learnt: Tensor
    """(K): the tokens that are learnt."""

    @classmethod
    def of(cls, examples: Sequence[Example]) -> Part:
        """These examples, the longest first."""
        ranked = sorted(examples, key=lambda example: len(example.tokens), reverse=True)
        tokens: list[int] = []
        positions: list[int] = []
        before: list[int] = []
        for example in ranked:
            first, length = len(tokens), len(example.tokens)
            tokens += example.tokens
            positions += range(length)
            # Nothing precedes an example's first token, so that it is never learnt.
            before += range(first + max(example.start, 1) - 1, first + length - 1)
        lengths = groupby(len(example.tokens) for example in ranked)
        return cls(
            torch.tensor([tokens]),
            torch.tensor([positions]),
            tuple((len(list(equal)), length) for length, equal in lengths),
            torch.tensor(before, dtype=torch.long),
            torch.tensor([tokens[place + 1] for place in before], dtype=torch.long),
        )

    def to(self, device: torch.device) -> Part:
        """The same on a device."""
        names = [field.name for field in fields(self) if field.name != "blocks"]
        return replace(self, **{name: getattr(self, name).to(device) for name in names})


def parts(examples: Sequence[Example], most: int, tokens: int | None) -> Iterator[Part]:
    """A batch in parts of at most `most` examples, and of at most so many tokens where one example has no more."""
    waiting: list[Example] = []
    for example in sorted(examples, key=lambda example: len(example.tokens), reverse=True):
        size = sum(len(other.tokens) for other in (*waiting, example))
        if waiting and (len(waiting) == most or (tokens is not None and size > tokens)):
            yield Part.of(waiting)
            waiting = []
        waiting.append(example)
    if waiting:
        yield Part.of(waiting)


class Feed(Dataset[Example]):
    """The examples in the order in which they are learnt; one example may come several times."""

    def __init__(self, tokens: Tokenised, order: Sequence[int]) -> None:
        self._tokens, self._order = tokens, order

    def __len__(self) -> int:
        return len(self._order)

    def __getitem__(self, index: int) -> Example:
        row = self._order[index]
        return Example(self._tokens.rows[row], self._tokens.starts[row])

    def tokens(self, first: int, last: int) -> int:
        """Tokens from one position of the order to another."""
        return sum(len(self._tokens.rows[row]) for row in self._order[first:last])


def order(lengths: Sequence[int], steps: int, batch: int, seed: int) -> list[int]:
    """The rows of so many batches, each once in a random order, then each once in another, and so on.

    Among a few batches, rows of like length share one: attention takes rows of equal length together.
    """
    generator = torch.Generator().manual_seed(seed)
    whole: list[int] = []
    while len(whole) < steps * batch:
        whole += torch.randperm(len(lengths), generator=generator).tolist()
    placed: list[int] = []
    for start in range(0, steps * batch, NEAR * batch):
        near = sorted(whole[start : min(start + NEAR * batch, steps * batch)], key=lengths.__getitem__)
        for place in torch.randperm(len(near) // batch, generator=generator).tolist():
            placed += near[place * batch : (place + 1) * batch]
    return placed
