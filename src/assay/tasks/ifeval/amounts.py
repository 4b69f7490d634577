"""Compares a count with what was asked, and says so. It knows no instruction."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["amount", "quoted", "times"]


def amount(found: int, relation: str, asked: int, what: str) -> str | None:
    """None if `found` keeps to `relation` (`less than`, `at least`, `exactly`), else why it does not.

    amount(2, "at least", 3, "highlighted section")    # "2 highlighted sections, at least 3 asked"
    """
    kept = {"less than": found < asked, "at least": found >= asked, "exactly": found == asked}[relation]
    return None if kept else f"{found} {what}{'' if found == 1 else 's'}, {relation} {asked} asked"


def times(found: int, relation: str, asked: int, word: str) -> str | None:
    """Likewise, for a word: `"fox" 2 times, less than 2 asked`."""
    reason = amount(found, relation, asked, "time")
    return reason and f'"{word}" {reason}'


def quoted(words: Iterable[str]) -> str:
    """`"green", "red"`, for a reason."""
    return ", ".join(f'"{word}"' for word in sorted(words))
