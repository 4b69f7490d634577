"""What stands where: keywords, first and last words, steps from sentence to sentence.

Each check returns None when followed, else the reason. A check that compares a sentence with the one before
has nothing to compare in a single sentence: the reference passes it, the repaired check does not.
"""

from __future__ import annotations

import re
import string
from itertools import pairwise

from assay.tasks.ifbench.english import sentences, tokens
from assay.tasks.ifbench.marks import EDGE, bare, has_word
from assay.tasks.ifbench.registry import COUNT, TEXT, fixed, instruction
from assay.tasks.ifeval.matching import as_text

_ONE_SENTENCE = "the reference passes a single sentence, which nothing is compared with"


@instruction("sentence:keyword", word=TEXT, N=COUNT, punkt=True)
def keyword(text: str, word: str, N: int) -> str | None:
    """The Nth sentence has the word, as a whole and in any case."""
    found = sentences(text)
    if len(found) < N:
        return f"{_sentences(len(found))}, so no sentence {N}"
    if as_text(word, r"\b", r"\b", re.IGNORECASE).search(found[N - 1]):
        return None
    return f'sentence {N} has no "{word}"'


@instruction("words:keywords_specific_position", keyword=TEXT, n=COUNT, m=COUNT, punkt=True)
def keywords_specific_position(text: str, keyword: str, n: int, m: int) -> str | None:
    """The mth of nltk's words in the nth sentence is the keyword, lone marks left out."""
    found = sentences(text)
    if len(found) < n:
        return f"{_sentences(len(found))}, so no sentence {n}"
    words = [token for token in tokens(found[n - 1]) if has_word(token)]
    if len(words) < m:
        return f"{len(words)} word{'' if len(words) == 1 else 's'} in sentence {n}, so no word {m}"
    return _same(words[m - 1], keyword, f"word {m} of sentence {n}")


@instruction("words:words_position", keyword=TEXT, punkt=True)
def words_position(text: str, keyword: str) -> str | None:
    """The second and the second to last of nltk's words are the keyword.

    The reference takes marks for words, but for one at the end.
    """
    words = tokens(text)
    last = 2 + (len(words) > 1 and words[-1] in string.punctuation)
    if len(words) < last:
        return "too few words"
    return _second_and_last(words[1], words[-last], keyword)


@fixed("words:words_position", "the reference takes marks for words, but for one at the end")
def words_position_fixed(text: str, keyword: str) -> str | None:
    """Likewise; a lone mark is no word."""
    words = [token for token in tokens(text) if has_word(token)]
    if len(words) < 2:
        return "too few words"
    return _second_and_last(words[1], words[-2], keyword)


@instruction("words:last_first", punkt=True)
def last_first(text: str) -> str | None:
    """Each sentence starts with the last word of the one before, in any case."""
    for place, (one, other) in enumerate(pairwise(sentences(text)), 1):
        last, first = one.lower().rstrip(EDGE).split()[-1:], other.lower().lstrip(EDGE).split()[:1]
        if reason := _unlinked(place, last, first):
            return reason
    return None


@fixed(
    "words:last_first",
    "the reference keeps a mark behind a sentence's first word and curly quotes, and passes one sentence",
)
def last_first_fixed(text: str) -> str | None:
    """Likewise, past the marks around a word; two sentences at least."""
    found = sentences(text)
    if len(found) < 2:
        return _one_sentence(found)
    for place, (one, other) in enumerate(pairwise(found), 1):
        if reason := _unlinked(place, _words(one)[-1:], _words(other)[:1]):
            return reason
    return None


@instruction("words:paragraph_last_first")
def paragraph_last_first(text: str) -> str | None:
    """Each line ends with the word that it starts with, in any case; lines without words do not count.

    The reference keeps the mark behind a first word and before a last one: `Yes, and yes` is not followed.
    """
    for line in text.split("\n"):
        words = line.strip().lower().strip(EDGE).split()
        if words and words[0] != words[-1]:
            return f'a paragraph starts with "{words[0][:40]}" and ends with "{words[-1][:40]}"'
    return None


@fixed(
    "words:paragraph_last_first",
    "the reference keeps the mark behind a first word, and passes a text without words",
)
def paragraph_last_first_fixed(text: str) -> str | None:
    """Likewise, past the marks around a word; one word at least."""
    lines = [words for line in text.split("\n") if (words := _words(line))]
    for words in lines:
        if words[0] != words[-1]:
            return f'a paragraph starts with "{words[0][:40]}" and ends with "{words[-1][:40]}"'
    return None if lines else "no words"


@instruction("sentence:increment", small_n=COUNT, punkt=True)
def increment(text: str, small_n: int) -> str | None:
    """Each sentence has exactly so many words more than the one before."""
    counts = [len(bare(sentence).split()) for sentence in sentences(text)]
    for place, (one, other) in enumerate(pairwise(counts), 1):
        if other != one + small_n:
            return f"sentence {place} has {one} words and the next {other}, {small_n} more asked"
    return None


@fixed("sentence:increment", _ONE_SENTENCE)
def increment_fixed(text: str, small_n: int) -> str | None:
    """Likewise; two sentences at least."""
    found = sentences(text)
    return increment(text, small_n) if len(found) > 1 else _one_sentence(found)


@instruction("sentence:alliteration_increment", punkt=True)
def alliteration_increment(text: str) -> str | None:
    """Each sentence has more words that start as a neighbour does than the one before."""
    counts = [_alliterative(sentence) for sentence in sentences(text)]
    for place, (one, other) in enumerate(pairwise(counts), 1):
        if other <= one:
            return f"{one} alliterative words in sentence {place}, {other} in the next, more asked"
    return None


@fixed("sentence:alliteration_increment", _ONE_SENTENCE)
def alliteration_increment_fixed(text: str) -> str | None:
    """Likewise; two sentences at least."""
    found = sentences(text)
    return alliteration_increment(text) if len(found) > 1 else _one_sentence(found)


def _alliterative(sentence: str) -> int:
    """Words in runs of one first letter, each run of two or more."""
    firsts = [word[0] for each in sentence.lower().split() if (word := each.lstrip(EDGE))]
    count, running = 0, False
    for one, other in pairwise(firsts):
        if one == other:
            count += 1 if running else 2
        running = one == other
    return count


def _unlinked(place: int, last: list[str], first: list[str]) -> str | None:
    if not last or not first:
        return f"sentence {place if not last else place + 1} has no word"
    if last == first:
        return None
    return f'sentence {place} ends with "{last[0][:40]}", the next starts with "{first[0][:40]}"'


def _words(text: str) -> list[str]:
    """In lower case, without the marks around them."""
    return [inner for word in text.lower().split() if (inner := word.strip(f"{EDGE}“”‘’—–…"))]


def _same(found: str, keyword: str, place: str) -> str | None:
    if found.lower() == keyword.strip().lower():
        return None
    return f'{place} is "{found[:40]}", "{keyword.strip()}" asked'


def _second_and_last(second: str, last: str, keyword: str) -> str | None:
    return _same(second, keyword, "the second word") or _same(last, keyword, "the second to last word")


def _sentences(number: int) -> str:
    return f"{number} sentence{'' if number == 1 else 's'}"


def _one_sentence(found: tuple[str, ...]) -> str:
    return f"{_sentences(len(found))}, two or more needed to compare"
