"""Compares a count with what was asked, and compiles words of a prompt file into patterns. It knows no instruction."""

from __future__ import annotations

import operator
import re
from collections.abc import Iterable
from functools import lru_cache

__all__ = ["amount", "as_pattern", "as_text", "clear", "numbered", "quoted", "times"]


_NOUN = re.compile(r"^.+?(?= (?:in|that|with) |$)")
_RELATIONS = {
    "less than": operator.lt,
    "at most": operator.le,
    "at least": operator.ge,
    "exactly": operator.eq,
}


def amount(count: int, relation: str, required: int, what: str) -> str | None:
    """None if `count` keeps to `relation` (`less than`, `at most`, `at least`, `exactly`), else why it does not.

    amount(2, "at least", 3, "highlighted section")    # "2 highlighted sections, at least 3 asked"
    """
    return (
        None
        if _RELATIONS[relation](count, required)
        else f"{numbered(count, what)}, {relation} {required} asked"
    )


def numbered(count: int, what: str) -> str:
    """`1 word`, `2 words`; `1 word in capitals`, `2 words in capitals`."""
    return f"{count} {what}" if count == 1 else f"{count} {_NOUN.sub(_plural, what, count=1)}"


def _plural(noun: re.Match[str]) -> str:
    return f"{noun[0]}s"


def times(count: int, relation: str, required: int, word: str) -> str | None:
    """The same for a word: `"fox" 2 times, less than 2 asked`."""
    reason = amount(count, relation, required, "time")
    return reason and f'"{word}" {reason}'


def quoted(words: Iterable[str]) -> str:
    """`"green", "red"`, for a reason."""
    return ", ".join(f'"{word}"' for word in sorted(words))


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
