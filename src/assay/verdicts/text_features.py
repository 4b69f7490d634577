"""Features of a response that need no task: whether it repeats itself, and whether it is a refusal.

Pure functions of one text, and quick, since they run on every response.

    >>> repeats("a dog ran. " * 20), refuses("I'm sorry, but I can't help with that.")
    (True, True)
"""

from __future__ import annotations

import re

__all__ = ["refuses", "repeats"]

GRAM = 4
FEWEST_GRAMS = 8
"""A text with fewer sequences of four words never counts as repeated."""
GLYPHS = 40
"""Length of a stretch without spaces from which a single repeated character is searched for."""

_ACTS = (
    "help|assist|provide|comply|fulfil|fulfill|answer|complete|create|write|generate|do|support|engage|discuss|"
    "share|offer|continue|respond|give|produce"
)
_REFUSAL = re.compile(
    r"(?:i(?:'m| am) (?:so |very |really )?sorry|sorry|i apologi[sz]e|unfortunately|as an ai)\b[^.!?\n]{0,80}?"
    r"\b(?:can't|cannot|can not|won't|unable to|not able to|not comfortable)\b"
    rf"|i (?:can't|cannot|can not|won't|will not|am unable to|am not able to) (?:{_ACTS})\b"
    rf"|i'm (?:unable|not able) to (?:{_ACTS})\b"
    r"|i must (?:respectfully )?decline\b"
)
"""English openings; `can't ... help` and the like, with or without an apology before it."""


def repeats(text: str) -> bool:
    """Whether more than half of a text's sequences of four words occurred in it before, as with a repeated line.

    Under 11 words never. For text without spaces: whether one character fills more than half of a stretch of 40 or more.
    """
    words = text.split()
    grams = len(words) - GRAM + 1
    if grams < FEWEST_GRAMS:
        return len(text) >= GLYPHS and any(_one_glyph(word) for word in words)
    # Each different word starts a run of its own or is one of the last three: most texts end here.
    if 2 * (len(set(words)) - GRAM + 1) >= grams:
        return False
    runs = set(zip(words, words[1:], words[2:], words[3:], strict=False))
    return 2 * len(runs) < grams


def _one_glyph(word: str) -> bool:
    return len(word) >= GLYPHS and any(2 * word.count(glyph) > len(word) for glyph in set(word))


def refuses(text: str) -> bool:
    """Whether the text opens, in English, as a refusal does; other wordings and languages are not detected."""
    opening = text[:200].lstrip(" \t\r\n*_\"'#>").replace("’", "'").lower()
    return _REFUSAL.match(opening) is not None
