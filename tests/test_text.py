from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from assay.text import plain, plain_lines


@given(st.text())
def test_plain_text_holds_nothing_invisible(text: str) -> None:
    assert all(unicodedata.category(character)[0] != "C" for character in plain(text))
    assert "\n" not in plain(text)


def test_bidirectional_marks_are_shown() -> None:
    assert plain("a\u202eb\x1b[31m") == "a\\u202eb\\u001b[31m"


def test_lines_stay_apart() -> None:
    assert plain_lines("a\tb\n\x1bc") == "a b\n\\u001bc"
