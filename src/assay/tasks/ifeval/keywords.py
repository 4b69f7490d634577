"""Keywords, forbidden words, letters. Each check returns None when followed, else the reason.

    existence("a red fox", keywords=["fox", "dog"])    # 'missing: "dog"'

The reference takes a word for a regular expression: `C++` finds "C", `St. A` finds "Star". The repaired
checks take it letter by letter. Both find a keyword inside another word (`art` in "party").
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from assay.tasks.ifeval.matching import as_pattern, as_text, quoted, times
from assay.tasks.ifeval.registry import COUNT, PATTERN, RELATION, SIGN, TEXT, TEXTS, fixed, instruction

Pattern = Callable[[str, str, str, int], re.Pattern[str]]


@instruction("keywords:existence", keywords=TEXTS)
def existence(text: str, keywords: list[str], pattern: Pattern = as_pattern) -> str | None:
    """Every keyword is found, in any case."""
    missing = {word for word in keywords if not pattern(word, "", "", re.IGNORECASE).search(text)}
    return f"missing: {quoted(missing)}" if missing else None


fixed("keywords:existence", PATTERN)(partial(existence, pattern=as_text))


@instruction("keywords:frequency", keyword=TEXT, frequency=COUNT, relation=RELATION)
def frequency(
    text: str, keyword: str, frequency: int, relation: str, pattern: Pattern = as_pattern
) -> str | None:
    """The keyword is found that often, in any case."""
    matches = pattern(keyword.strip(), "", "", re.IGNORECASE).finditer(text)
    return times(sum(1 for _ in matches), relation, frequency, keyword.strip())


fixed("keywords:frequency", PATTERN)(partial(frequency, pattern=as_text))


@instruction("keywords:forbidden_words", forbidden_words=TEXTS)
def forbidden_words(
    text: str, forbidden_words: list[str], bounded: tuple[Pattern, str, str] = (as_pattern, r"\b", r"\b")
) -> str | None:
    r"""None of the words is found between two `\b`, in any case; a repaired word may end in a sign, such as `C++`."""
    pattern, before, after = bounded
    used = {word for word in forbidden_words if pattern(word, before, after, re.IGNORECASE).search(text)}
    return f"forbidden: {quoted(used)}" if used else None


fixed("keywords:forbidden_words", "the reference misses or misreads a forbidden word with signs in it")(
    partial(forbidden_words, bounded=(as_text, r"(?<!\w)", r"(?!\w)"))
)


@instruction("keywords:letter_frequency", letter=SIGN, let_frequency=COUNT, let_relation=RELATION)
def letter_frequency(text: str, letter: str, let_frequency: int, let_relation: str) -> str | None:
    """The letter is found that often, in either case.

    Where a sign is asked (`#`), the reference counts a letter drawn at random; here it is the sign.
    """
    return times(text.lower().count(letter.lower()), let_relation, let_frequency, letter)
