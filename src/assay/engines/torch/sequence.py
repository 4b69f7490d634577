"""Sequences of the batch: one that generates token by token, or one that is read once and scored. They know no model."""

from __future__ import annotations

import hashlib
import time
from collections import abc
from dataclasses import dataclass, field

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from assay.engines.api import Prompt
from assay.engines.encoding import cut_before, decode
from assay.engines.torch.step import Segment

__all__ = ["Scored", "Sequence", "Stops", "choose"]

BLOCK = 128
"""Logits that are compared at once."""


TAIL = 8
"""Tokens beyond a stop text's length in bytes that are decoded to look for it."""


@dataclass(frozen=True, slots=True)
class Stops:
    """The texts before which a generation ends."""

    texts: tuple[str, ...]

    def reached(self, tokenizer: PreTrainedTokenizerBase, tokens: abc.Sequence[int]) -> bool:
        """Whether the last token completed one of the texts; only the tail is decoded."""
        if not self.texts:
            return False
        longest = max(len(text.encode()) for text in self.texts)
        tail = decode(tokenizer, tokens[-longest - TAIL :])
        return any(text in tail for text in self.texts) and self.cut(decode(tokenizer, tokens))[1]

    def cut(self, text: str) -> tuple[str, bool]:
        """The text before the first stop, and whether there was one."""
        return cut_before(text, self.texts)


@dataclass(slots=True, eq=False)
class Sequence:
    """One generation under way."""

    asked: Prompt
    adapter: int
    prompt: list[int]
    limit: int
    """Tokens at most; the context may end before `max_tokens`."""
    stops: Stops
    output: list[int] = field(default_factory=list)
    reserve: int = 0
    """Positions that later turns of its conversation may need beyond its own."""
    started: float = 0.0

    @property
    def length(self) -> int:
        """Tokens so far."""
        return len(self.prompt) + len(self.output)

    @property
    def need(self) -> int:
        """Positions of memory that it and later turns can come to use: the last token is never written."""
        return len(self.prompt) + self.limit + self.reserve

    def enter(self, slot: int) -> Segment:
        """All tokens so far: the prompt, and what was generated before memory ran out."""
        self.started = self.started or time.monotonic()
        return Segment([*self.prompt, *self.output], self.adapter, slot=slot)

    def proceed(self, slot: int) -> Segment:
        """The last token alone."""
        return Segment(self.output[-1:], self.adapter, start=self.length - 1, slot=slot)

    def draw(self) -> float:
        """Uniform in [0, 1): a function of seed, task, example, sample and place, of nothing else."""
        prompt = self.asked
        place = (prompt.seed, prompt.task, prompt.example, prompt.sample, prompt.request, len(self.output))
        digest = hashlib.sha256(repr(place).encode()).digest()
        return int.from_bytes(digest[:6]) / 2**48


@dataclass(slots=True, eq=False)
class Scored:
    """Sequences to read once; prompts that need the same logits share one."""

    tokens: list[int]
    """Context and continuation, the last token left out: nothing follows it."""
    keep: int
    adapter: int
    targets: list[tuple[Prompt, list[int]]]
    """Each prompt with the tokens that the kept logits should predict."""
    started: float = 0.0

    def enter(self) -> Segment:
        """The whole sequence."""
        self.started = self.started or time.monotonic()
        return Segment(self.tokens, self.adapter, keep=self.keep)

    def results(self, logits: Tensor) -> list[tuple[Prompt, float, bool]]:
        """Log-probability and greediness of each target, from logits (keep, vocabulary)."""
        logits = logits.float()
        totals, best = logits.logsumexp(-1), logits.argmax(-1)
        results = []
        for prompt, target in self.targets:
            tokens = torch.tensor(target, device=logits.device)
            logprobs = logits.gather(1, tokens[:, None])[:, 0] - totals
            results.append((prompt, float(logprobs.double().sum()), bool((best == tokens).all())))
        return results


def _likeliest(logits: Tensor) -> Tensor:
    """(rows, vocabulary) -> (rows): where the largest logit is, the first of equals.

    The largest block first, then the place in it: on a CPU a seventh of the time of `argmax` on bfloat16.
    """
    rows, size = logits.shape
    if size % BLOCK:
        return logits.max(-1).indices
    blocks = logits.reshape(rows, -1, BLOCK)
    block = blocks.amax(-1).max(-1).indices
    inside = blocks[torch.arange(rows, device=logits.device), block]
    return block * BLOCK + inside.max(-1).indices


def choose(rows: abc.Sequence[Sequence], logits: Tensor) -> list[int]:
    """The next token of each row: the likeliest, or one drawn by inverse distribution function."""
    chosen: list[int] = _likeliest(logits).tolist()
    drawn = [i for i, row in enumerate(rows) if row.asked.temperature > 0]
    if drawn:
        heat = logits.new_tensor([rows[i].asked.temperature for i in drawn], dtype=torch.float64)
        mass = (logits[drawn].double() / heat[:, None]).softmax(-1).cumsum(-1)
        points = mass.new_tensor([[rows[i].draw()] for i in drawn]) * mass[:, -1:]
        places = torch.searchsorted(mass, points, right=True)[:, 0].clamp(max=logits.shape[1] - 1)
        for i, token in zip(drawn, places.tolist(), strict=True):
            chosen[i] = token
    return chosen
