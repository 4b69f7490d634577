"""Words of Spanish as spaCy splits them. It knows no instruction.

    words("¿Qué dice el señor?")    # ("Qué", "dice", "el", "señor")

spaCy is loaded when first needed; `require` does so before anything runs. It needs no model: words are split by rules.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from functools import cache, lru_cache
from threading import Lock
from typing import Any

from assay.errors import TaskError

__all__ = ["WORDS", "forget", "require", "words"]

WORDS = "Spanish words"
"""What an instruction needs."""
SIGN = r"(?:[^\w\s]|(?:US|[CA])\$)"
RUN = re.compile(rf"{SIGN}{{128,}}+")
"""Signs that spaCy takes off an end of what spaces surround, one by one, in a time that grows with their number squared."""
PART = 128
"""Characters of a run that spaCy gets at once."""
_lock = Lock()  # spaCy's caches are filled by one thread at a time


@lru_cache(maxsize=32)  # the variants of a response, asked by several instructions
def words(text: str) -> tuple[str, ...]:
    """spaCy's words without punctuation; a sign such as `+` and a second space in a row are words to it."""
    with _lock:
        return tuple(
            token.text for part in _parts(text) for token in _tokenizer()(part) if not token.is_punct
        )


def _parts(text: str) -> Iterator[str]:
    """The text, cut within runs of signs that spaCy takes off."""
    begin, whole = 0, f" {text} "
    for run in RUN.finditer(text):
        at_an_end = whole[run.start()].isspace() or whole[run.end() + 1].isspace()
        if at_an_end and _tokenizer().prefix_search(run.group()):
            for end in range(run.start() + PART, run.end(), PART):
                yield text[begin:end]
                begin = end
    yield text[begin:]


def require() -> None:
    """Raise TaskError unless spaCy is installed."""
    with _lock:
        _tokenizer()


def forget() -> None:
    """Forget every text, and that spaCy was loaded."""
    words.cache_clear()
    _tokenizer.cache_clear()


@cache
def _tokenizer() -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import spacy
    except ImportError as missing:
        raise TaskError(
            "spaCy is not installed, which splitting Spanish into words needs",
            fix="run `pip install 'lora-assay[spanish]'`",
        ) from missing
    return spacy.blank("es").tokenizer
