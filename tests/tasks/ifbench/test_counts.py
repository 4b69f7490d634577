"""Counts follow what is written, whatever the text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assay.tasks.ifbench import counts

WORD = st.text("abcdeéß", min_size=1, max_size=6)


WORDS = st.lists(WORD, min_size=1, max_size=12)


NUMBER = st.integers(1, 12)


@given(WORDS, NUMBER, NUMBER)
def test_words_are_counted_with_both_bounds(words: list[str], low: int, more: int) -> None:
    followed = counts.word_count_range(" ".join(words), low, low + more) is None
    assert followed == (low <= len(words) <= low + more)


@given(WORDS, NUMBER)
def test_different_words_are_counted_whatever_the_marks(words: list[str], asked: int) -> None:
    text = " ".join(f'"{word}",' for word in words)
    expected = len({word.lower() for word in words}) >= asked
    assert (counts.unique_word_count(text, asked) is None) == expected
    assert (counts.unique_word_count_fixed(text, asked) is None) == expected


@given(st.lists(st.integers(0, 10**6), max_size=8), NUMBER)
def test_numbers_are_counted_with_their_commas_and_points(found: list[int], asked: int) -> None:
    text = " and ".join(f"{number:,}.5" for number in found)
    assert (counts.numbers(text, asked) is None) == (len(found) == asked)
