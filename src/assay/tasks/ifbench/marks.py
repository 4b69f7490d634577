"""Removes punctuation: the 32 ASCII marks, as the reference does, or all punctuation. It knows no instruction."""

from __future__ import annotations

import string
import unicodedata
from functools import lru_cache

__all__ = ["EDGE", "bare", "end_mark", "has_word", "plain_quotes", "unmarked"]

EDGE = string.punctuation + " "
"""What is stripped from the ends of a word."""
_WITHOUT_ASCII = str.maketrans("", "", string.punctuation)
_CLOSERS = "\"'”’»)]}*_"
_PLAIN = str.maketrans("“”„‟‘’‚‛", "\"\"\"\"''''")


def bare(text: str) -> str:
    """The text without ASCII punctuation: `it's 3.5` is `its 35`."""
    return text.translate(_WITHOUT_ASCII)


def unmarked(text: str) -> str:
    """The text without the punctuation of any script, curly quotation marks and dashes among it."""
    if text.isascii():
        return bare(text)
    return "".join(letter for letter in bare(text) if letter.isascii() or not _is_mark(letter))


def has_word(token: str) -> bool:
    """Whether anything in it is a letter or a digit."""
    return any(letter.isalnum() for letter in token)


def end_mark(sentence: str) -> str:
    """The mark that ends a sentence, past quotation marks and brackets that close; empty if there is nothing."""
    return sentence.rstrip().rstrip(_CLOSERS)[-1:]


def plain_quotes(text: str) -> str:
    """Curly quotation marks as straight ones."""
    return text.translate(_PLAIN)


@lru_cache(maxsize=4096)
def _is_mark(letter: str) -> bool:
    return unicodedata.category(letter).startswith("P")
