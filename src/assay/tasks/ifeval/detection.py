"""Detects the language of a text as langdetect does under seed 0: the same on every thread and run.

    language("Das ist ein Haus.")    # "de"

langdetect fills its profiles lazily without a lock and draws from an unseeded generator. Here they are
filled once under a lock, in the order of their names, and each call draws from a generator of its own.
The algorithm is langdetect's, rearranged so that nothing is computed twice: n-grams are looked up by
word, and a trial that can no longer change the winner is not run.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

__all__ = ["clear", "language"]

SEED = 0
_TRIALS, _ROUNDS, _CONVERGED = 7, 1000, 0.99999
_ALPHA, _ALPHA_WIDTH, _BASE_FREQUENCY, _THRESHOLD = 0.5, 0.05, 10_000, 0.1
_LENGTH = 10_000
_LONGEST_MATCH = 3_000  # of an address of the web or of mail: no more of a cut text can read differently

_SPACES = re.compile(" {2,}")
_LATIN = re.compile("[A-z]+")
_NOT_LATIN = re.compile("[\u0300-\U0010ffff]+")


def language(text: str) -> str | None:
    """The likeliest language's code; "unknown" if none is likely; None if there is nothing to go by."""
    return _detect(_head(text))


def clear() -> None:
    """Forget every text, for honest timing."""
    _detect.cache_clear()
    _grams.cache_clear()
    _profiles().rows.clear()
    _profiles().normal.clear()


class _Normal(dict[int, str]):
    """langdetect's replacement of each character, filled as characters are met."""

    def __init__(self, normalize: Callable[[str], str]) -> None:
        self.normalize = normalize

    def __missing__(self, code: int) -> str:
        self[code] = normal = self.normalize(chr(code))
        return normal


class _Rows(dict[str, Any]):
    """An array for each n-gram that was drawn, made when it is."""

    def __init__(self, known: dict[str, list[float]]) -> None:
        self.known = known

    def __missing__(self, gram: str) -> Any:
        import numpy as np  # late: `import assay.tasks` stays cheap

        self[gram] = row = np.array(self.known[gram])
        return row


@dataclass(frozen=True, slots=True)
class _Profiles:
    languages: list[str]
    """Codes, in the order of the probabilities."""
    rows: _Rows
    """Probability of each known n-gram in each language."""
    normal: _Normal
    detector: Any
    """langdetect's Detector class."""
    compose: Any
    """Joins a letter and a Vietnamese mark."""


_lock = Lock()  # two threads never load them twice


def _profiles() -> _Profiles:
    with _lock:
        return _load()


@cache
def _load() -> _Profiles:
    from langdetect import detector_factory
    from langdetect.detector import Detector
    from langdetect.utils.ngram import NGram

    files = sorted(Path(detector_factory.PROFILES_DIRECTORY).iterdir())
    factory = detector_factory.DetectorFactory()
    factory.load_json_profile(
        [file.read_text("utf-8") for file in files if file.is_file() and file.name[0] != "."]
    )
    rows = _Rows(factory.word_lang_prob_map)
    return _Profiles(factory.langlist, rows, _Normal(NGram.normalize), Detector, NGram.normalize_vi)


def _head(text: str) -> str:
    """The first 10,000 characters without addresses and repeated spaces: all that is looked at."""
    profiles = _profiles()
    size = 3 * _LENGTH
    while True:
        head = text[:size]
        if "://" in head:
            head = profiles.detector.URL_RE.sub(" ", head)
        if "@" in head:
            head = profiles.detector.MAIL_RE.sub(" ", head)
        if not head.isascii():
            head = profiles.compose(head)
        if size >= len(text) or len(head) >= _LENGTH + _LONGEST_MATCH:
            return _SPACES.sub(" ", head[:_LENGTH])
        size *= 2


@lru_cache(maxsize=1024)
def _detect(text: str) -> str | None:
    profiles = _profiles()
    grams = _known_grams(text)
    if not grams:
        return None
    rows, generator = profiles.rows, random.Random(SEED)  # noqa: S311 - langdetect's own generator
    total = [0.0] * len(profiles.languages)
    for trial in range(_TRIALS):
        shares = _trial(grams, rows, generator, len(total))
        total = [sum_ + share / _TRIALS for sum_, share in zip(total, shares, strict=True)]
        second, first = sorted(total)[-2:]
        if first - second > (_TRIALS - 1 - trial) / _TRIALS + 1e-9:
            break
    best = max(total)
    return profiles.languages[total.index(best)] if best > _THRESHOLD else "unknown"


def _trial(grams: list[str], rows: _Rows, generator: random.Random, size: int) -> list[float]:
    """Probability of each language after as many n-grams, drawn at random, as it takes to be sure."""
    import numpy as np

    weight = (_ALPHA + generator.gauss(0.0, 1.0) * _ALPHA_WIDTH) / _BASE_FREQUENCY
    shares = np.full(size, 1.0 / size)
    for count in range(_ROUNDS + 1):
        shares *= weight + rows[generator.choice(grams)]
        if count % 5 == 0:
            shares /= sum(shares.tolist())  # not np.sum, which adds in another order
            if shares.max() > _CONVERGED:
                break
    return shares.tolist()


def _known_grams(text: str) -> list[str]:
    """Every n-gram that some profile knows, in the order of the text."""
    if not text.isascii():
        others = sum(map(len, _NOT_LATIN.findall(text)))
        if sum(map(len, _LATIN.findall(text))) * 2 < others:
            text = _LATIN.sub("", text)
    words = text.translate(_profiles().normal).split(" ")
    last = words.pop()
    grams: list[str] = []
    for word in words:
        if word:
            grams += _grams(f" {word} ") if len(word) < 50 else _grams.__wrapped__(f" {word} ")
    return grams + _grams.__wrapped__(f" {last}") if last else grams


@lru_cache(maxsize=50_000)
def _grams(word: str) -> list[str]:
    """Known n-grams that end at each character of a word with spaces around; none at a capital's follower."""
    known = _profiles().rows.known
    grams = []
    for end in range(1, len(word)):
        if word[end].isupper() and word[end - 1].isupper():
            continue
        for start in (end, end - 1, end - 2) if end > 1 else (1, 0):
            gram = word[start : end + 1]
            if gram in known and gram != " ":
                grams.append(gram)
    return grams
