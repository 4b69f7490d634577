"""Levels of brackets are those that are written."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assay.tasks.ifbench import nesting

BRACKETS = st.text("()[]{} a", max_size=30)


@given(BRACKETS)
def test_five_closed_levels_are_also_one_that_closes(text: str) -> None:
    if nesting.parentheses_fixed(text) is None:
        assert nesting.parentheses(text) is None


@given(st.lists(st.sampled_from(["()", "[]", "{}"]), max_size=8))
def test_as_many_levels_are_found_as_are_written(kinds: list[str]) -> None:
    text = "".join(kind[0] for kind in kinds) + "x" + "".join(kind[1] for kind in reversed(kinds))
    for check in (nesting.parentheses, nesting.parentheses_fixed):
        assert (check(text) is None) == (len(kinds) >= 5)
