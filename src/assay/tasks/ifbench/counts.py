"""Counts of words, names, numbers and marks. Each check returns None when followed, else the reason.

person_names("Emma met Leo.", N=3)    # "2 names, at least 3 asked"
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from assay.tasks.ifbench.english import tokens, words
from assay.tasks.ifbench.marks import EDGE, bare
from assay.tasks.ifbench.registry import COUNT, TEXT, fixed, instruction
from assay.tasks.ifeval.matching import amount, as_text, numbered, quoted, times

_CONJUNCTIONS = frozenset(("and", "but", "for", "nor", "or", "so", "yet"))
_NAME = re.compile(
    r"\b(?:Emma|Liam|Sophia|Jackson|Olivia|Noah|Ava|Lucas|Isabella|Mason|Mia|Ethan|Charlotte|Alexander|Amelia|"
    r"Benjamin|Harper|Leo|Zoe|Daniel|Chloe|Samuel|Lily|Matthew|Grace|Owen|Abigail|Gabriel|Ella|Jacob|Scarlett|"
    r"Nathan|Victoria|Elijah|Layla|Nicholas|Audrey|David|Hannah|Christopher|Penelope|Thomas|Nora|Andrew|Aria|"
    r"Joseph|Claire|Ryan|Stella|Jonathan)\b"
)
_PRONOUNS = frozenset(
    (  # noqa: SIM905 - to be read as words
        "i me we us you he him she her it they them "
        "my mine our ours your yours his hers its their theirs "
        "myself ourselves yourself yourselves himself herself itself themselves "
        "this that these those who whom whose which what whoever whomever whatever whichever "
        "anybody anyone anything everybody everyone everything nobody nothing somebody someone something "
        "each either neither both all some any none"
    ).split()
)
_NUMBER = re.compile(r"\d+")
_JAPANESE = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")
_MARKS = ".,!?;:"
_TIMES = (1, 2, 3, 5, 7)


def _disorder(arguments: Mapping[str, Any]) -> tuple[str, str] | None:
    low, high = arguments["min_words"], arguments["max_words"]
    if low <= high:
        return None
    return f"`min_words` is {low} and `max_words` {high}", "the first must not be the larger"


@instruction("count:word_count_range", min_words=COUNT, max_words=COUNT, clash=_disorder)
def word_count_range(text: str, min_words: int, max_words: int) -> str | None:
    r"""So many runs of `\w`, both bounds included."""
    count = len(words(text))
    if min_words <= count <= max_words:
        return None
    return f"{numbered(count, 'word')}, {min_words} to {max_words} asked"


@instruction("count:unique_word_count", N=COUNT)
def unique_word_count(text: str, N: int) -> str | None:
    """At least so many different words, in lower case and without ASCII punctuation around them.

    The reference also counts what is left of a lone mark: nothing.
    """
    return amount(len({word.strip(EDGE) for word in text.lower().split()}), "at least", N, "different word")


@fixed("count:unique_word_count", "the reference counts a lone mark as a word")
def unique_word_count_fixed(text: str, N: int) -> str | None:
    """Likewise; nothing is no word."""
    different = {word.strip(EDGE) for word in text.lower().split()} - {""}
    return amount(len(different), "at least", N, "different word")


@instruction("count:conjunctions", small_n=COUNT)
def conjunctions(text: str, small_n: int) -> str | None:
    """At least so many different conjunctions; in the reference, `and`, `And` and `and,` are different."""
    different = {word for word in text.split() if word.strip(EDGE).lower() in _CONJUNCTIONS}
    return amount(len(different), "at least", small_n, "different conjunction")


@fixed("count:conjunctions", "the reference takes `and`, `And` and `and,` for different conjunctions")
def conjunctions_fixed(text: str, small_n: int) -> str | None:
    """Likewise, whatever their case and the marks around them."""
    different = _CONJUNCTIONS & {word.strip(EDGE).lower() for word in text.split()}
    return amount(len(different), "at least", small_n, "different conjunction")


@instruction("count:person_names", N=COUNT)
def person_names(text: str, N: int) -> str | None:
    """At least so many different names of the prompt's list of 50, as whole words."""
    return amount(len(set(_NAME.findall(text))), "at least", N, "name")


@instruction("count:numbers", N=COUNT)
def numbers(text: str, N: int) -> str | None:
    """Exactly so many runs of digits, once ASCII punctuation is gone: `3.5` and `1,000` are one each."""
    return amount(len(_NUMBER.findall(bare(text))), "exactly", N, "number")


@instruction("count:pronouns", N=COUNT, punkt=True)
def pronouns(text: str, N: int) -> str | None:
    """At least so many pronouns among nltk's words; `she/her` are two."""
    count = sum(token in _PRONOUNS for token in tokens(text.replace("/", " ").lower()))
    return amount(count, "at least", N, "pronoun")


@instruction("count:punctuation")
def punctuation(text: str) -> str | None:
    """Each of `. , ! ? ; :` and an interrobang, whose own `?` and `!` do not count."""
    if not any(mark in text for mark in ("?!", "!?", "‽")):
        return "no interrobang (?!)"
    joined = "?!" if "?!" in text else "!?"
    rest = text.replace(joined, "", 1)
    missing = [mark for mark in _MARKS if mark not in rest]
    return f"missing: {quoted(missing)}" if missing else None


@instruction(
    "count:keywords_multiple", keyword1=TEXT, keyword2=TEXT, keyword3=TEXT, keyword4=TEXT, keyword5=TEXT
)
def keywords_multiple(text: str, **keywords: str) -> str | None:
    """Five keywords 1, 2, 3, 5 and 7 times, in any case; the reference finds them inside other words."""
    lower = text.lower()
    required = zip(_in_order(keywords), _TIMES, strict=True)
    reasons = [times(lower.count(word.lower()), "exactly", number, word) for word, number in required]
    return "; ".join(reason for reason in reasons if reason) or None


@fixed("count:keywords_multiple", "the reference counts a keyword inside other words")
def keywords_multiple_fixed(text: str, **keywords: str) -> str | None:
    """Likewise, as whole words."""
    reasons = []
    for word, number in zip(_in_order(keywords), _TIMES, strict=True):
        pattern = as_text(word, r"(?<!\w)", r"(?!\w)", re.IGNORECASE)
        reasons.append(times(sum(1 for _ in pattern.finditer(text)), "exactly", number, word))
    return "; ".join(reason for reason in reasons if reason) or None


@instruction("count:words_japanese", N=COUNT)
def words_japanese(text: str, N: int) -> str | None:
    """Each Nth word has a Japanese character, or is a number or a lone mark."""
    for place, word in enumerate(text.split()[N - 1 :: N], 1):
        inner = word.strip(EDGE)
        if inner and not inner.isdigit() and not _JAPANESE.search(inner):
            return f'word {place * N}, "{inner[:40]}", is not Japanese'
    return None


@fixed("count:words_japanese", "the reference passes a text that ends before the first word in question")
def words_japanese_fixed(text: str, N: int) -> str | None:
    """Likewise; a text that ends before its Nth word has none."""
    count = len(text.split())
    if count < N:
        return f"{numbered(count, 'word')}, so no word {N}"
    return words_japanese(text, N)


def _in_order(keywords: dict[str, str]) -> list[str]:
    return [keywords[f"keyword{number}"].strip() for number in range(1, 6)]
