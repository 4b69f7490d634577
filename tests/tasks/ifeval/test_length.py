"""Words and paragraphs are counted as they are divided."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.tasks.ifeval import length

COUNTS = st.integers(1, 8)


@given(st.lists(st.text("abéß漢", min_size=1, max_size=6), min_size=1, max_size=8), COUNTS)
def test_words_are_counted_in_any_script(words: list[str], required: int) -> None:
    text = ", ".join(words)
    assert (length.number_words(text, required, "at least") is None) == (len(words) >= required)
    assert (length.number_words(text, required, "less than") is None) == (len(words) < required)


@given(COUNTS, COUNTS)
def test_paragraphs_are_exactly_as_many_as_required(count: int, required: int) -> None:
    text = " *** ".join(["text"] * count)
    for whole in (text, f"*** {text} ***"):
        assert (length.number_paragraphs(whole, required) is None) == (count == required)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("one\n\ntwo", None),
        ('one\n\n"Two, and', None),
        ("one", "1 paragraph, so no paragraph 2"),
        ("one\n\ntwo\n\nthree", "3 paragraphs, exactly 2 asked"),
        ("one\n\nthree", 'paragraph 2 starts with "three", "two" asked'),
    ],
)
def test_the_nth_paragraph_starts_with_the_word(text: str, reason: str | None) -> None:
    assert length.nth_paragraph_first_word(text, 2, 2, "Two") == reason
