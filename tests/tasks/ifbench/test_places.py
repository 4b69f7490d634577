"""Sentences that grow evenly follow; others do not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.tasks.ifbench import places


@pytest.mark.usefixtures("nltk_data")
@given(st.integers(1, 4), st.integers(1, 3), st.integers(2, 5))
def test_sentences_that_grow_evenly_follow_and_those_that_shrink_do_not(
    first: int, step: int, count: int
) -> None:
    sentences = [" ".join(["Word", *["word"] * (first - 1 + place * step)]) + "." for place in range(count)]
    for check in (places.increment, places.increment_fixed):
        assert check(" ".join(sentences), step) is None
        assert check(" ".join(reversed(sentences)), step)
