"""Sentences, words, stop words, parts of speech and syllables of English, as the reference's libraries see them.

Each library and its data is met when first needed; `require` meets what is asked for before anything runs,
and downloads nothing. It knows no instruction.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from functools import cache, lru_cache
from importlib import import_module
from threading import Lock
from typing import Any

from assay.errors import TaskError
from assay.tasks.ifeval import punkt

__all__ = [
    "STOPWORDS",
    "SYLLABLES",
    "TAGGER",
    "clear",
    "is_emoji",
    "require",
    "sentences",
    "stopwords",
    "syllables",
    "tokens",
    "verbless",
    "words",
]

STOPWORDS, TAGGER, SYLLABLES = "stopwords", "tagger", "syllapy"
_PUNKT = "punkt"
_DATA = {
    _PUNKT: ("tokenizers/punkt_tab/english/", "punkt_tab", "splitting sentences"),
    STOPWORDS: ("corpora/stopwords", "stopwords", "counting stop words"),
    TAGGER: (
        "taggers/averaged_perceptron_tagger_eng/",
        "averaged_perceptron_tagger_eng",
        "finding a verb at the start",
    ),
}
"""Where nltk looks, what to download, what for."""
_ASCII_WORD = re.compile(r"\w+")
_loading = Lock()  # nltk's lazy corpora break when two threads load them


@lru_cache(maxsize=32)  # the variants of a response, asked by several instructions
def sentences(text: str) -> tuple[str, ...]:
    """The text's sentences as punkt splits English, each without the space around it."""
    return tuple(text[start:end] for start, end in punkt.loaded().sentences.span_tokenize(text))


@lru_cache(maxsize=32)
def tokens(text: str) -> tuple[str, ...]:
    """nltk's words and marks: `Don't!` is `Do`, `n't`, `!`."""
    tokenize = _word_tokenizer().tokenize
    return tuple(token for sentence in sentences(text) for token in tokenize(sentence))


def words(text: str) -> list[str]:
    r"""Runs of `\w`, as nltk's engine `regex` reads it: vowel signs belong to their word."""
    runs: list[str] = (_ASCII_WORD if text.isascii() else _any_word()).findall(text)
    return runs


@cache
def stopwords() -> frozenset[str]:
    """nltk's English stop words. Its editions differ in words with an apostrophe, which `words` never gives."""
    with _loading:
        if not _found(_DATA[STOPWORDS][0]):
            raise _absent([_DATA[STOPWORDS]])
        from nltk.corpus import stopwords as corpus

        return frozenset(corpus.words("english"))


def verbless(text: str) -> str | None:
    """None if nltk's tagger takes the first word for a form of a verb, else what it takes it for."""
    # A word's tag depends on the two words behind it, and on none further on.
    first = tokens(text)[:3]
    if not first:
        return "no word"
    tag = str(_tagger().tag(list(first))[0][1])
    return None if "VB" in tag else f'"{first[0]}" ({tag})'


@lru_cache(maxsize=20_000)
def syllables(word: str) -> int:
    """How many syllables syllapy finds in a word; 0 in a number."""
    return int(_syllapy()(word))


def is_emoji(character: str) -> bool:
    """Whether one code point is an emoji by itself: no digit, no half of a flag."""
    return _emoji().fullmatch(character) is not None


def require(needs: Collection[str], *, with_punkt: bool = False) -> None:
    """Raise TaskError that names whatever of these is missing, where it is looked for, and how to get it."""
    required = dict.fromkeys([_PUNKT] * with_punkt + [need for need in needs if need in _DATA])
    missing = [_DATA[need] for need in required if not _found(_DATA[need][0])]
    if missing:
        raise _absent(missing)
    if SYLLABLES in needs:
        _syllapy()


def clear() -> None:
    """Forget every text, for honest timing."""
    for remembering in (sentences, tokens, syllables):
        remembering.cache_clear()


@cache
def _word_tokenizer() -> Any:
    from nltk.tokenize import NLTKWordTokenizer

    tokenizer = NLTKWordTokenizer()
    punkt.untime_words(tokenizer)
    return tokenizer


@cache
def _any_word() -> Any:
    import regex  # late, for it is slow

    return regex.compile(r"\w+")


@cache
def _emoji() -> Any:
    import regex

    return regex.compile(r"[\p{Emoji}--[#*0-9\U0001F1E6-\U0001F1FF]]", regex.VERSION1)


@cache
def _tagger() -> Any:
    with _loading:
        if not _found(_DATA[TAGGER][0]):
            raise _absent([_DATA[TAGGER]])
        from nltk.tag.perceptron import PerceptronTagger

        return PerceptronTagger(lang="eng")


@cache
def _syllapy() -> Callable[[str], int]:
    try:
        count: Callable[[str], int] = import_module("syllapy").count
    except ImportError as missing:
        raise TaskError(
            "syllapy is not installed, which counting syllables (`words:odd_even_syllables`) needs",
            fix="run `pip install 'syllapy>=0.8'`, or leave the prompts with that instruction out of the file",
        ) from missing
    return count


def _found(path: str) -> bool:
    import nltk

    try:
        nltk.data.find(path)
    except LookupError:
        return False
    return True


def _absent(missing: Collection[tuple[str, str, str]]) -> TaskError:
    import nltk

    paths, packages, purposes = zip(*missing, strict=True)
    return TaskError(
        f"nltk's data {', '.join(paths)} is missing, which {', '.join(purposes)} needs",
        fix=f"run `python -m nltk.downloader {' '.join(packages)}`, or set NLTK_DATA to a folder that holds it "
        f"(looked for in {', '.join(map(str, nltk.data.path))})",
    )
