"""Lines: empty ones, stairs, one word each."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assay.tasks.ifbench import layout

WORD = st.text("abcdeéß", min_size=1, max_size=6)


WORDS = st.lists(WORD, min_size=1, max_size=12)


@given(st.lists(st.sampled_from(["", " ", "  ", "a", " a", "  a", "   a"]), max_size=12))
def test_the_empty_lines_that_are_left_are_those_that_removal_on_the_way_leaves(lines: list[str]) -> None:
    left = list(lines)
    for line in left:  # as the reference: the list shrinks under its own iterator
        if not line.strip():
            left.remove(line)
    assert layout._left_by_reference(lines) == left


@given(st.lists(st.text("ab é", max_size=4), min_size=1, max_size=6), st.integers(0, 3))
def test_the_repaired_stairs_do_not_depend_on_empty_lines(lines: list[str], empty: int) -> None:
    spaced = ("\n" * (empty + 1)).join(lines)
    assert (layout.line_indent_fixed(spaced) is None) == (layout.line_indent_fixed("\n".join(lines)) is None)


@given(st.lists(WORDS, min_size=1, max_size=5))
def test_the_repaired_line_check_follows_every_line(lines: list[list[str]]) -> None:
    text = "\n".join(" ".join(words) for words in lines)
    assert (layout.newline_fixed(text) is None) == all(len(words) == 1 for words in lines)
