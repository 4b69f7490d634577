"""Kinds of sentences, stop words, overlap. Each check returns None when followed, else the reason."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

from assay.tasks.ifbench.english import STOPWORDS, sentences, stopwords, tokens, words
from assay.tasks.ifbench.marks import end_mark, has_word
from assay.tasks.ifbench.registry import PERCENT, TEXT, fixed, instruction
from assay.tasks.ifeval.matching import amount, quoted


@instruction("ratio:stop_words", percentage=PERCENT, needs=(STOPWORDS,))
def stop_words(text: str, percentage: int) -> str | None:
    """No more than so many percent of the words are stop words."""
    all_words, stop = words(text), stopwords()
    if not all_words:
        return "no words"
    percent = sum(word.lower() in stop for word in all_words) / len(all_words) * 100
    return None if percent <= percentage else f"{percent:.1f}% stop words, at most {percentage}% asked"


@instruction("ratio:overlap", reference_text=TEXT, percentage=PERCENT)
def overlap(text: str, reference_text: str, percentage: int) -> str | None:
    """So many percent, 2 more or less, of the text's different runs of three characters are the other text's."""
    ours = _runs(text)
    if not ours:
        return "shorter than three characters"
    percent = len(ours & _known_runs(reference_text)) / len(ours) * 100
    if percentage - 2 <= percent <= percentage + 2:
        return None
    return f"{percent:.1f}% overlap, {percentage - 2}% to {percentage + 2}% asked"


@instruction("ratio:sentence_type", punkt=True)
def sentence_type(text: str) -> str | None:
    """Twice as many sentences end in `.` as in `?`; in the reference, none and none will do."""
    ends = [sentence[-1:] for sentence in sentences(text)]
    return _two_to_one(ends.count("."), ends.count("?"))


@fixed(
    "ratio:sentence_type",
    "the reference misses a sentence that ends in a quotation mark or bracket, and passes none and none",
)
def sentence_type_fixed(text: str) -> str | None:
    """Likewise, past a quotation mark or bracket that closes; one question at least."""
    ends = [end_mark(sentence) for sentence in sentences(text)]
    return _two_to_one(ends.count("."), ends.count("?")) if "?" in ends else "no question"


@instruction("ratio:sentence_balance", punkt=True)
def sentence_balance(text: str) -> str | None:
    """As many sentences end in `.` as in `?` and in `!`; in the reference, none of each will do."""
    ends = [sentence[-1:] for sentence in sentences(text)]
    return _balance(ends)


@fixed(
    "ratio:sentence_balance",
    "the reference misses a sentence that ends in a quotation mark or bracket, and passes none of each",
)
def sentence_balance_fixed(text: str) -> str | None:
    """Likewise, past a quotation mark or bracket that closes; one of each at least."""
    ends = [end_mark(sentence) for sentence in sentences(text)]
    missing = [mark for mark in ".?!" if mark not in ends]
    return f"no sentence that ends in {quoted(missing)}" if missing else _balance(ends)


@instruction("ratio:sentence_words", punkt=True)
def sentence_words(text: str) -> str | None:
    """Three sentences of one length; the reference forgets that their words must differ."""
    stripped = [sentence.strip() for sentence in sentences(text)]
    if reason := amount(len(stripped), "exactly", 3, "sentence"):
        return reason
    lengths = [len(sentence) for sentence in stripped]
    return None if len(set(lengths)) == 1 else f"{_listed(lengths)} characters"


@fixed("ratio:sentence_words", "the reference does not ask for different words")
def sentence_words_fixed(text: str) -> str | None:
    """Three sentences of one length, in which no word comes twice."""
    if reason := sentence_words(text):
        return reason
    counts = Counter(token.casefold() for token in tokens(text) if has_word(token))
    if not counts:
        return "no words"
    (word, often), *_ = counts.most_common(1)
    return f'"{word[:40]}" {often} times, different words asked' if often > 1 else None


def _two_to_one(statements: int, questions: int) -> str | None:
    if statements == 2 * questions:
        return None
    return f"sentences that end in . and ?: {statements} and {questions}, twice as many of the first asked"


def _balance(ends: list[str]) -> str | None:
    statements, questions, exclamations = (ends.count(mark) for mark in ".?!")
    if statements == questions == exclamations:
        return None
    return f"sentences that end in . ? !: {statements}, {questions} and {exclamations}, as many of each asked"


def _listed(lengths: list[int]) -> str:
    return f"{', '.join(map(str, lengths[:-1]))} and {lengths[-1]}"


def _runs(text: str) -> frozenset[str]:
    return frozenset(text[start : start + 3] for start in range(len(text) - 2))


@lru_cache(maxsize=64)
def _known_runs(text: str) -> frozenset[str]:
    return _runs(text)
