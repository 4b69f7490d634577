"""Positions: keywords, first and last words, steps from sentence to sentence.

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
from assay.tasks.ifeval.matching import as_text, numbered

_ONE_SENTENCE = "the reference passes a single sentence, which nothing is compared with"


@instruction("sentence:keyword", word=TEXT, N=COUNT, punkt=True)
def keyword(text: str, word: str, N: int) -> str | None:
    """The Nth sentence has the word, as a whole and in any case."""
    all_sentences = sentences(text)
    if len(all_sentences) < N:
        return f"{numbered(len(all_sentences), 'sentence')}, so no sentence {N}"
    if as_text(word, r"\b", r"\b", re.IGNORECASE).search(all_sentences[N - 1]):
        return None
    return f'sentence {N} has no "{word}"'


@instruction("words:keywords_specific_position", keyword=TEXT, n=COUNT, m=COUNT, punkt=True)
def keywords_specific_position(text: str, keyword: str, n: int, m: int) -> str | None:
    """The mth of nltk's words in the nth sentence is the keyword, lone marks left out."""
    all_sentences = sentences(text)
    if len(all_sentences) < n:
        return f"{numbered(len(all_sentences), 'sentence')}, so no sentence {n}"
    words = [token for token in tokens(all_sentences[n - 1]) if has_word(token)]
    if len(words) < m:
        return f"{numbered(len(words), 'word')} in sentence {n}, so no word {m}"
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
    for place, (earlier, later) in enumerate(pairwise(sentences(text)), 1):
        last, first = earlier.lower().rstrip(EDGE).split()[-1:], later.lower().lstrip(EDGE).split()[:1]
        if reason := _unlinked(place, last, first):
            return reason
    return None


@fixed(
    "words:last_first",
    "the reference keeps a mark behind a sentence's first word and curly quotes, and passes one sentence",
)
def last_first_fixed(text: str) -> str | None:
    """Likewise, past the marks around a word; two sentences at least."""
    all_sentences = sentences(text)
    if len(all_sentences) < 2:
        return _one_sentence(all_sentences)
    for place, (earlier, later) in enumerate(pairwise(all_sentences), 1):
        if reason := _unlinked(place, _words(earlier)[-1:], _words(later)[:1]):
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
    for place, (earlier, later) in enumerate(pairwise(counts), 1):
        if later != earlier + small_n:
            return f"sentence {place} has {earlier} words and the next {later}, {small_n} more asked"
    return None


@fixed("sentence:increment", _ONE_SENTENCE)
def increment_fixed(text: str, small_n: int) -> str | None:
    """Likewise; two sentences at least."""
    all_sentences = sentences(text)
    return increment(text, small_n) if len(all_sentences) > 1 else _one_sentence(all_sentences)


@instruction("sentence:alliteration_increment", punkt=True)
def alliteration_increment(text: str) -> str | None:
    """Each sentence has more words that start as a neighbour does than the one before."""
    counts = [_alliterative(sentence) for sentence in sentences(text)]
    for place, (earlier, later) in enumerate(pairwise(counts), 1):
        if later <= earlier:
            return f"{earlier} alliterative words in sentence {place}, {later} in the next, more asked"
    return None


@fixed("sentence:alliteration_increment", _ONE_SENTENCE)
def alliteration_increment_fixed(text: str) -> str | None:
    """Likewise; two sentences at least."""
    all_sentences = sentences(text)
    return alliteration_increment(text) if len(all_sentences) > 1 else _one_sentence(all_sentences)


def _alliterative(sentence: str) -> int:
    """Words in runs of one first letter, each run of two or more."""
    firsts = [word[0] for each in sentence.lower().split() if (word := each.lstrip(EDGE))]
    count, running = 0, False
    for earlier, later in pairwise(firsts):
        if earlier == later:
            count += 1 if running else 2
        running = earlier == later
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


def _same(word: str, keyword: str, place: str) -> str | None:
    if word.lower() == keyword.strip().lower():
        return None
    return f'{place} is "{word[:40]}", "{keyword.strip()}" asked'


def _second_and_last(second: str, last: str, keyword: str) -> str | None:
    return _same(second, keyword, "the second word") or _same(last, keyword, "the second to last word")


def _one_sentence(all_sentences: tuple[str, ...]) -> str:
    return f"{numbered(len(all_sentences), 'sentence')}, two or more needed to compare"
