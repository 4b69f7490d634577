"""Sentences and words as nltk splits them; words of English. It knows no instruction.

nltk takes half a second to import and needs the data `punkt_tab`; both are met on first use, and
`require` meets them before anything runs. Patterns of nltk >= 3.10 stop after 5 seconds of wall clock;
here they run to the end, so that no verdict depends on how busy the machine is.
"""

from __future__ import annotations

import io
import re
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from threading import Lock
from typing import Any

from assay.errors import TaskError

__all__ = [
    "clear",
    "count_capital_words",
    "count_sentences",
    "fetch",
    "loaded",
    "require",
    "sentence_tokenizer",
    "untime_words",
]

_SHORT = 500  # what is worth remembering: repeated in the variants of a response
# Without one of these, no word of an ASCII sentence can be all capitals: nltk cuts inside a run of letters
# only before n't and inside "cannot", "gimme" and the like, whose parts have two letters or more.
_ASCII_CAPITALS = re.compile("[A-Z](?![a-z])|[A-Z]n't")


def count_sentences(text: str) -> int:
    """How many sentences punkt finds."""
    return sum(1 for _ in loaded().sentences.span_tokenize(text))


def count_capital_words(text: str) -> int:
    """How many of nltk's words are all in capitals."""
    nltk = loaded()
    return sum(nltk.capitals(text[start:end]) for start, end in nltk.sentences.span_tokenize(text))


def require() -> None:
    """Raise TaskError unless punkt's English data is here or can be fetched."""
    fetch("english")
    loaded()


def fetch(language: str) -> None:
    """Try to download punkt's data where that of the language is missing."""
    import nltk

    try:
        nltk.data.find(_place(language))
    except LookupError:
        _download()


def clear() -> None:
    """Forget every sentence, for honest timing."""
    loaded().forget()


@dataclass(frozen=True, slots=True)
class _Nltk:
    sentences: Any
    """punkt's tokenizer."""
    capitals: Callable[[str], int]
    """Words in capitals in a sentence."""
    forget: Callable[[], None]


_lock = Lock()  # two threads never load it twice


def loaded() -> _Nltk:
    """punkt and what goes with it, loaded once. Raises TaskError, naming the fix, where nltk's data is missing."""
    with _lock:
        return load()


@cache
def load() -> _Nltk:
    """The same, for one thread; `load.cache_clear()` forgets it."""
    from nltk.tokenize import NLTKWordTokenizer

    sentences, words = sentence_tokenizer("english"), NLTKWordTokenizer()
    untime_words(words)

    breaks, forget_breaks = _remembering(sentences.text_contains_sentbreak)
    sentences.text_contains_sentbreak = breaks
    capitals, forget_capitals = _remembering(lambda text: sum(map(str.isupper, words.tokenize(text))))

    def count(sentence: str) -> int:
        return 0 if sentence.isascii() and not _ASCII_CAPITALS.search(sentence) else capitals(sentence)

    def forget() -> None:
        forget_breaks()
        forget_capitals()

    return _Nltk(sentences, count, forget)


def sentence_tokenizer(language: str) -> Any:
    """punkt for a language: it remembers no text and has no time limit. Raises TaskError where its data is missing."""
    from nltk.tokenize.punkt import PunktLanguageVars, PunktTokenizer

    try:
        sentences = PunktTokenizer(language)
    except LookupError:
        raise TaskError(
            f"nltk's data {_place(language)} is missing, which counting sentences and words in capitals needs",
            fix="run `python -m nltk.downloader punkt_tab`, or set NLTK_DATA to a folder that holds tokenizers/punkt_tab",
        ) from None
    sentences._params.ortho_context = _Contexts(sentences._params.ortho_context)
    sentences._lang_vars = _untimed_variables(PunktLanguageVars)
    return sentences


class _Contexts(dict[str, int]):
    """What punkt knows of words. nltk's own also keeps every unknown word it is asked about."""

    def __missing__(self, _: str) -> int:
        return 0


def _remembering(judge: Callable[[str], int]) -> tuple[Callable[[str], int], Callable[[], None]]:
    """The function with a memory for short texts, and how to empty that."""
    remembered = lru_cache(maxsize=20_000)(judge)
    return lambda text: remembered(text) if len(text) <= _SHORT else judge(text), remembered.cache_clear


def _untimed(pattern: Any) -> Any:
    """The compiled pattern inside nltk's wrapper, where it has one."""
    return getattr(pattern, "_rx", pattern)


def _untimed_variables(kind: Any) -> Any:
    """punkt's patterns without a wall-clock limit."""
    realignment = _untimed(kind.re_boundary_realignment)
    variables = type("Variables", (kind,), {"re_boundary_realignment": realignment})()
    variables._re_period_context = _untimed(variables.period_context_re())
    variables._re_word_tokenizer = _untimed(variables._word_tokenizer_re())
    return variables


def untime_words(words: Any) -> None:
    """Likewise for the patterns that split words."""
    for name in ("STARTING_QUOTES", "PUNCTUATION", "ENDING_QUOTES"):
        setattr(words, name, [(_untimed(pattern), by) for pattern, by in getattr(words, name)])
    for name in ("PARENS_BRACKETS", "DOUBLE_DASHES"):
        pattern, by = getattr(words, name)
        setattr(words, name, (_untimed(pattern), by))
    for name in ("CONTRACTIONS2", "CONTRACTIONS3"):
        setattr(words, name, [_untimed(pattern) for pattern in getattr(words, name)])


def _place(language: str) -> str:
    return f"tokenizers/punkt_tab/{language}/"


def _download() -> None:
    """Try to download punkt's data, without a word and only if the network answers at once."""
    import nltk
    from nltk.downloader import Downloader

    try:
        with urllib.request.urlopen(Downloader.DEFAULT_URL, timeout=5):  # noqa: S310 - https, nltk's own
            pass
    except (OSError, ValueError):
        return
    nltk.download("punkt_tab", quiet=True, print_error_to=io.StringIO())
