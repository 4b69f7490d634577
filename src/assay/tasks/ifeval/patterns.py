"""Compiles words of a prompt file into patterns. It knows no instruction."""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["as_pattern", "as_text", "clear"]


@lru_cache(maxsize=4096)
def as_pattern(word: str, before: str = "", after: str = "", flags: int = 0) -> re.Pattern[str]:
    """The word as the reference reads it: a regular expression, unescaped.

    A word that is none, such as `:(`, makes the reference fail; it is taken letter by letter.
    """
    try:
        return re.compile(before + word + after, flags)
    except (re.error, OverflowError, RecursionError):
        return as_text(word, before, after, flags)


@lru_cache(maxsize=4096)
def as_text(word: str, before: str = "", after: str = "", flags: int = 0) -> re.Pattern[str]:
    """The word letter by letter."""
    return re.compile(before + re.escape(word) + after, flags)


def clear() -> None:
    """Forget every pattern, for honest timing."""
    as_pattern.cache_clear()
    as_text.cache_clear()
