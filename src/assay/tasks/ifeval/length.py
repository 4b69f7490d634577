"""Words, sentences, paragraphs. Each check returns None when followed, else the reason.

number_words("one two", num_words=3, relation="at least")    # "2 words, at least 3 asked"
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, partial
from typing import Any

from assay.tasks.ifeval import punkt
from assay.tasks.ifeval.matching import amount, numbered
from assay.tasks.ifeval.registry import COUNT, RELATION, TEXT, fixed, instruction

_ASCII_WORD = re.compile(r"\w+")
_DIVIDER = re.compile(r"\s?\*\*\*\s?")


@instruction("length_constraints:number_words", num_words=COUNT, relation=RELATION)
def number_words(text: str, num_words: int, relation: str) -> str | None:
    r"""That many runs of `\w`, as nltk's engine `regex` reads it: vowel signs belong to their word."""
    word = _ASCII_WORD if text.isascii() else _any_word()
    return amount(len(word.findall(text)), relation, num_words, "word")


@instruction("length_constraints:number_sentences", num_sentences=COUNT, relation=RELATION, punkt=True)
def number_sentences(text: str, num_sentences: int, relation: str) -> str | None:
    """That many sentences, as punkt splits English."""
    return amount(punkt.count_sentences(text), relation, num_sentences, "sentence")


@instruction("length_constraints:number_paragraphs", num_paragraphs=COUNT)
def number_paragraphs(text: str, num_paragraphs: int) -> str | None:
    """Exactly that many paragraphs between `***`; none but the first and the last may be empty."""
    empty = [not paragraph.strip() for paragraph in _DIVIDER.split(text)]
    if any(empty[1:-1]):
        return "an empty paragraph between two ***"
    paragraphs = len(empty) - empty[0] - (empty[-1] and len(empty) > 1)
    return amount(paragraphs, "exactly", num_paragraphs, "paragraph")


def _beyond(arguments: Mapping[str, Any]) -> tuple[str, str] | None:
    nth, number = arguments["nth_paragraph"], arguments["num_paragraphs"]
    if nth <= number:
        return None
    return f"`nth_paragraph` is {nth} of {number} in `num_paragraphs`", "a paragraph of these is expected"


@instruction(
    "length_constraints:nth_paragraph_first_word",
    num_paragraphs=COUNT,
    nth_paragraph=COUNT,
    first_word=TEXT,
    clash=_beyond,
)
def nth_paragraph_first_word(
    text: str, num_paragraphs: int, nth_paragraph: int, first_word: str, empty_ones: bool = True
) -> str | None:
    """Exactly so many paragraphs between blank lines, the nth starting with the word.

    The reference leaves empty paragraphs out of the number, yet counts them on the way to the nth (`empty_ones`).
    """
    paragraphs = text.split("\n\n")
    filled = [paragraph for paragraph in paragraphs if paragraph.strip()]
    if nth_paragraph > len(filled):
        return f"{numbered(len(filled), 'paragraph')}, so no paragraph {nth_paragraph}"
    paragraph = (paragraphs if empty_ones else filled)[nth_paragraph - 1]
    return _starts(paragraph, len(filled), num_paragraphs, nth_paragraph, first_word)


fixed(
    "length_constraints:nth_paragraph_first_word",
    "the reference counts empty paragraphs on the way to the nth",
)(partial(nth_paragraph_first_word, empty_ones=False))


def _starts(paragraph: str, filled: int, required: int, nth: int, first_word: str) -> str | None:
    words = paragraph.split(maxsplit=1)
    if not words:
        return f"paragraph {nth} is empty"
    asked_word = first_word.lower()
    # Letter by letter, as the reference: "Σ".lower() at the end of a word would be another letter.
    word = "".join(letter.lower() for letter in _bare(words[0])[: len(asked_word) + 40])
    if word != asked_word:
        return f'paragraph {nth} starts with "{word[:40]}", "{asked_word}" asked'
    return amount(filled, "exactly", required, "paragraph")


def _bare(word: str) -> str:
    """Without quotation marks in front, and without what follows a mark."""
    return re.split(r"""[.,?!'"]""", word.lstrip("'").lstrip('"'), maxsplit=1)[0]


@cache
def _any_word() -> Any:
    import regex  # comes with nltk; imported late, for it is slow

    return regex.compile(r"\w+")
