"""What stands in a response, at its start and at its end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.tasks.ifeval import content


@given(st.lists(st.sampled_from(["a", " ", ",", "\n", "，"]), max_size=20).map("".join))
def test_every_comma_is_counted(text: str) -> None:
    assert (content.no_comma(text) is None) == ("," not in text)


@pytest.mark.parametrize("marker", ["P.S.", "P.P.S"])
def test_a_postscript_is_found_with_spaces_and_without(marker: str) -> None:
    for check in (content.postscript, content.postscript_fixed):
        assert check(f"Bye.\n{marker} more", marker) is None
        assert check(f"Bye.\n{marker.replace('.', '. ', 1).lower()} more", marker) is None
        assert check("Bye.", marker) == f'no postscript "{marker}"'


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a ****** b", None),
        ("****** a ****** b ******", None),
        ("a ****** ****** b", "nothing between two ******"),
        ("a ****** b ****** c", "3 responses, exactly 2 asked"),
        ("a", "1 response, exactly 2 asked"),
    ],
)
def test_two_responses_are_two_filled_texts_that_differ(text: str, reason: str | None) -> None:
    assert content.two_responses(text) == reason
