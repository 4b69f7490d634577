"""Taking punctuation away keeps every letter."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assay.tasks.ifbench import marks


@given(st.text(max_size=30))
def test_what_is_bare_has_no_mark_and_keeps_every_letter(text: str) -> None:
    for strip in (marks.bare, marks.unmarked):
        assert [letter for letter in strip(text) if letter.isalnum()] == [
            letter for letter in text if letter.isalnum()
        ]
    assert marks.unmarked(marks.unmarked(text)) == marks.unmarked(text)
