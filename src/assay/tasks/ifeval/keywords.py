"""Keywords, forbidden words, letters. Each check returns None when followed, else the reason.

    existence("a red fox", keywords=["fox", "dog"])    # 'missing: "dog"'

The reference takes a word for a regular expression: `C++` finds "C", `St. A` finds "Star". The repaired
checks take it letter by letter. Both find a keyword inside another word (`art` in "party").
"""

from __future__ import annotations

import re
from collections.abc import Callable

from assay.tasks.ifeval.matching import as_pattern, as_text, quoted, times
from assay.tasks.ifeval.registry import COUNT, PATTERN, RELATION, SIGN, TEXT, TEXTS, fixed, instruction

_SIGNS = "the reference misses or misreads a forbidden word with signs in it"

Pattern = Callable[[str, str, str, int], re.Pattern[str]]


@instruction("keywords:existence", keywords=TEXTS)
def existence(text: str, keywords: list[str]) -> str | None:
    """Every keyword is found, in any case."""
    return _missing(text, keywords, as_pattern)


@fixed("keywords:existence", PATTERN)
def existence_fixed(text: str, keywords: list[str]) -> str | None:
    """Likewise, letter by letter."""
    return _missing(text, keywords, as_text)


@instruction("keywords:frequency", keyword=TEXT, frequency=COUNT, relation=RELATION)
def frequency(text: str, keyword: str, frequency: int, relation: str) -> str | None:
    """The keyword is found that often, in any case."""
    return times(_count(text, keyword, as_pattern), relation, frequency, keyword.strip())


@fixed("keywords:frequency", PATTERN)
def frequency_fixed(text: str, keyword: str, frequency: int, relation: str) -> str | None:
    """Likewise, letter by letter."""
    return times(_count(text, keyword, as_text), relation, frequency, keyword.strip())


@instruction("keywords:forbidden_words", forbidden_words=TEXTS)
def forbidden_words(text: str, forbidden_words: list[str]) -> str | None:
    r"""None of the words is found between two `\b`, in any case."""
    return _forbidden(text, forbidden_words, (as_pattern, r"\b", r"\b"))


@fixed("keywords:forbidden_words", _SIGNS)
def forbidden_words_fixed(text: str, forbidden_words: list[str]) -> str | None:
    """Likewise, letter by letter, and finds a word that ends in a sign, such as `C++`."""
    return _forbidden(text, forbidden_words, (as_text, r"(?<!\w)", r"(?!\w)"))


@instruction("keywords:letter_frequency", letter=SIGN, let_frequency=COUNT, let_relation=RELATION)
def letter_frequency(text: str, letter: str, let_frequency: int, let_relation: str) -> str | None:
    """The letter is found that often, in either case.

    Where a sign is asked (`#`), the reference counts a letter drawn at random; here it is the sign.
    """
    return times(text.lower().count(letter.lower()), let_relation, let_frequency, letter)


def _missing(text: str, keywords: list[str], pattern: Pattern) -> str | None:
    missing = {word for word in keywords if not pattern(word, "", "", re.IGNORECASE).search(text)}
    return f"missing: {quoted(missing)}" if missing else None


def _count(text: str, keyword: str, pattern: Pattern) -> int:
    return sum(1 for _ in pattern(keyword.strip(), "", "", re.IGNORECASE).finditer(text))


def _forbidden(text: str, words: list[str], how: tuple[Pattern, str, str]) -> str | None:
    pattern, before, after = how
    found = {word for word in words if pattern(word, before, after, re.IGNORECASE).search(text)}
    return f"forbidden: {quoted(found)}" if found else None
