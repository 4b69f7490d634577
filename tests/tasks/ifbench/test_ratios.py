"""A text overlaps itself wholly and another alphabet not at all."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assay.tasks.ifbench import ratios


@given(st.text(max_size=40))
def test_a_text_overlaps_itself_wholly_and_no_other_alphabet_at_all(text: str) -> None:
    if len(text) > 2:
        assert ratios.overlap(text, text, 100) is None
        assert ratios.overlap(text.translate(dict.fromkeys(map(ord, set(text)), "\ue000")), text, 50)
