"""Words of Japanese as janome splits them, and sentences as ja_sentence_segmenter does. It knows no instruction.

    [token.surface for token in tokens("猫が好き。")]    # ["猫", "が", "好き", "。"]
    count_sentences("猫「にゃ。」と鳴く。犬！")             # 2

janome is loaded when first needed; `require` does so before anything runs.
"""

from __future__ import annotations

import re
import warnings
from functools import cache, lru_cache
from itertools import accumulate
from threading import Lock
from typing import Any, NamedTuple

from assay.errors import TaskError

__all__ = [
    "WORDS",
    "Token",
    "count_sentences",
    "forget",
    "occurrences",
    "require",
    "tokens",
    "without_quotes",
]

WORDS = "Japanese words"
"""What an instruction needs."""
_lock = Lock()

_WIDTHS = str.maketrans("！？（）｡｢｣", "!?()。「」")
_SPACES = re.compile("[ \u3000]+")
# A space at the end of a line behind a mark or の, and at the start before の; others change no number.
_SPACE_AT_EDGE = re.compile("(?<=[。!?の]) (?=[\x00-\x1f])|(?<=[\x00-\x1f]) (?=の)")
_MARK = re.compile(
    "(?<!∯)[。!?](?!∯)"
)  # ja_sentence_segmenter's own sign keeps a mark from ending a sentence
_INSIDE = (re.compile("「[^「」]*」"), re.compile(r"\([^()]*\)"))
_QUOTES = (re.compile("「[^」\n]*+(」?)"), re.compile("『[^』\n]*+(』?)"))


class Token(NamedTuple):
    """A word."""

    surface: str
    """As written."""
    noun: bool


@lru_cache(maxsize=32)  # the variants of a response, asked by several instructions
def tokens(text: str) -> tuple[Token, ...]:
    """janome's words and marks."""
    with _lock:
        split = _tokenizer().tokenize(text)
        return tuple(Token(token.surface, token.part_of_speech.startswith("名詞")) for token in split)


def occurrences(text: str, word: str) -> int:
    """How often the word is found as one word of janome's or several in a row."""
    surfaces = [token.surface for token in tokens(text)]
    joined, edges = "".join(surfaces), {0, *accumulate(map(len, surfaces))}
    count, at = 0, joined.find(word)
    while at >= 0:
        whole = at in edges and at + len(word) in edges
        count += whole
        at = joined.find(word, at + (len(word) if whole else 1))
    return count


def count_sentences(text: str) -> int:
    """How many sentences end at `。`, `！`, `？` or the end of a line.

    No mark inside 「 」 or parentheses ends one; a line that ends with の goes on.
    """
    text = _SPACE_AT_EDGE.sub("", _SPACES.sub(" ", text.strip().translate(_WIDTHS)))
    lines: list[str] = []
    goes_on = False
    for line in text.splitlines():
        if goes_on:
            lines[-1] += line
        else:
            lines.append(line)
        goes_on = lines[-1].endswith("の") and len(lines[-1]) > 1
    return sum(map(_sentences_of_line, lines))


def without_quotes(text: str) -> str:
    """The text without 「...」 and then without 『...』, each within a line."""
    for quote in _QUOTES:
        text = quote.sub(lambda match: "" if match[1] else match[0], text)
    return text


def require() -> None:
    """Raise TaskError unless janome is installed."""
    with _lock:
        _tokenizer()


def forget() -> None:
    """Forget every text, and that janome was loaded."""
    tokens.cache_clear()
    _tokenizer.cache_clear()


def _sentences_of_line(line: str) -> int:
    for inside in _INSIDE:
        line = inside.sub(lambda match: _MARK.sub(" ", match[0]), line)
    *ended, rest = _MARK.split(line)
    return len(ended) + bool(rest)


@cache
def _tokenizer() -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from janome.tokenizer import Tokenizer

            return Tokenizer()
    except ImportError as missing:
        raise TaskError(
            "janome is not installed, which splitting Japanese into words needs",
            fix="run `pip install 'lora-assay[japanese]'`",
        ) from missing
