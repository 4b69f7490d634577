"""Which texts repeat prompts of a task: 13 words in a row, or a whole prompt that is shorter.

    prompts = Prompts(["Natalia sold clips to 48 of her friends in April, and then ...", ...])
    [match.prompt for match in prompts.matches(texts)]

Words are compared without case and punctuation. Words that many prompts share are the task's wording, and
no evidence. A prompt of a few words matches only a text that has no other words. It knows no model.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, repeat

import numpy as np

__all__ = ["Match", "Prompts", "words"]

GRAM = 13
"""Words in a row. Source: Brown et al. 2020, arXiv 2005.14165, appendix C."""
LEAST = 8
"""Words of a prompt that is looked for within a text, where it has fewer than 13."""
SHARED = 10
"""Prompts that may share words before these count as the task's wording."""
CHUNK = 1_000_000
"""Words that are compared at a time."""
FACTOR = np.uint64(0x9E3779B97F4A7C15)
BITS = np.uint64(64 - 22)
_PLAIN = {code: " " for code in range(128) if not chr(code).isalnum()}
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W_\u3040-\u30ff\u3400-\u9fff]+")
"""A word; in scripts without spaces, a character."""
Gram = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """A text that repeats a prompt."""

    text: int
    """Its number."""
    prompt: int
    """The prompt's number."""
    words: str
    """What both have."""


def words(text: str) -> list[str]:
    """The words of a text, without case and punctuation."""
    text = text.lower()
    return text.translate(_PLAIN).split() if text.isascii() else _WORD.findall(text)


class Prompts:
    """The prompts of a task, ready to be looked for."""

    def __init__(self, prompts: Sequence[str]) -> None:
        split = [words(prompt) for prompt in prompts]
        self._words = ["", *dict.fromkeys(chain.from_iterable(split))]
        self._vocabulary = {word: code for code, word in enumerate(self._words) if code}
        coded = [tuple(map(self._vocabulary.__getitem__, prompt)) for prompt in split]
        self._whole: dict[Gram, list[int]] = {}
        for number, prompt in enumerate(coded):
            if prompt:
                self._whole.setdefault(prompt, []).append(number)
        self._lengths = {len(prompt) for prompt in self._whole}
        self._grams = self._telling()
        self._sizes = {len(gram) for gram in self._grams}
        self._maybe = np.zeros(1 << 22, dtype=bool)
        self._maybe[[_hash(gram) >> int(BITS) for gram in self._grams]] = True

    def _telling(self) -> dict[Gram, list[int]]:
        """Words in a row that few prompts have, and the numbers of those."""
        grams = {prompt: set(_grams(prompt)) for prompt in self._whole if len(prompt) >= LEAST}
        often = Counter(gram for own in grams.values() for gram in own)
        telling: dict[Gram, list[int]] = {}
        for prompt, own in grams.items():
            for gram in own:
                if often[gram] <= SHARED or gram == prompt:
                    telling.setdefault(gram, []).extend(self._whole[prompt])
        return telling

    def matches(self, texts: Iterable[str]) -> Iterator[Match]:
        """Each prompt that a text repeats, once for each text, in their order."""
        chunk: list[list[str]] = []
        first = size = 0
        for text in texts:
            chunk.append(words(text))
            size += len(chunk[-1])
            if size >= CHUNK:
                yield from self._matches(chunk, first)
                first, size, chunk = first + len(chunk), 0, []
        yield from self._matches(chunk, first)

    def _matches(self, texts: Sequence[list[str]], first: int) -> Iterator[Match]:
        codes: list[int] = []
        starts: list[int] = []
        shared: dict[tuple[int, int], Gram] = {}
        for number, text in enumerate(texts):
            starts.append(len(codes))
            codes += map(self._vocabulary.get, text, repeat(0))
            if len(text) in self._lengths:
                whole = tuple(codes[starts[-1] :])
                shared |= {(number, prompt): whole for prompt in self._whole.get(whole, ())}
            codes.append(0)  # no words in a row go from one text into the next
        for place, gram in self._places(codes):
            number = bisect_right(starts, place) - 1
            for prompt in self._grams[gram]:
                shared.setdefault((number, prompt), gram)
        for number, prompt in sorted(shared):
            both = " ".join(self._words[code] for code in shared[number, prompt])
            yield Match(first + number, prompt, both)

    def _places(self, codes: Sequence[int]) -> Iterator[tuple[int, Gram]]:
        """Where one of the prompts' grams begins. Hashes say where one may; the gram itself decides."""
        array = np.array(codes, dtype=np.uint64)
        hashes = np.zeros(len(array), dtype=np.uint64)
        for size in range(1, GRAM + 1):
            hashes = (hashes[: len(array) - size + 1] + array[size - 1 :]) * FACTOR
            if size in self._sizes:
                for place in self._maybe[hashes >> BITS].nonzero()[0].tolist():
                    gram = tuple(codes[place : place + size])
                    if gram in self._grams:
                        yield place, gram


def _grams(prompt: Gram) -> Iterator[Gram]:
    """All 13 words in a row; of a shorter prompt, all its words."""
    size = min(GRAM, len(prompt))
    return (prompt[start : start + size] for start in range(len(prompt) - size + 1))


def _hash(gram: Gram) -> int:
    """Of one gram, as of every place of a text."""
    value = 0
    for code in gram:
        value = (value + code) * int(FACTOR) % 2**64
    return value
