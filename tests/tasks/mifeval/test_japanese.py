"""What Japanese checks count, beyond the cases of `cases.py`."""

from __future__ import annotations

import pytest

from assay.tasks.mifeval import japanese


@pytest.mark.parametrize(
    ("text", "bullets"), [("・一\n・二", 2), ("・・一", 0), ("・\n・一", 1), ("\n\n　・一", 1), ("一・二", 0)]
)
def test_a_bullet_is_a_point_at_the_start_of_a_line(text: str, bullets: int) -> None:
    assert japanese.number_bullet_lists(text, bullets) is None


@pytest.mark.parametrize(
    ("text", "items"), [("1. 一\n10. 二", 2), ("1.一", 0), ("1.\n2. 二", 1), ("１. 一", 1)]
)
def test_a_numbered_item_has_a_point_and_a_space(text: str, items: int) -> None:
    assert japanese.number_numbered_lists(text, items) is None


@pytest.mark.parametrize("marker", ["P.S.", "P.P.S", "P.P.S.", "追伸"])
def test_a_marker_is_found_in_any_case(marker: str) -> None:
    assert japanese.postscript(f"では。\n{marker.lower()} 猫", marker) is None
    assert japanese.postscript("では。", marker) == f'no postscript "{marker}"'


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("一。\n\n『「愛は", 'paragraph 2 starts with "「", "愛" asked'),
        ("一。\n\n「『愛は", None),
        ("一。\n\n愛\n\n三。", "3 paragraphs, exactly 2 asked"),
        ("一。", "1 paragraph, so no paragraph 2"),
    ],
)
def test_a_paragraph_starts_with_the_word_after_its_brackets(text: str, reason: str | None) -> None:
    assert japanese.nth_paragraph_first_word(text, 2, 2, "愛") == reason


def test_a_sentence_may_end_at_any_mark_and_the_last_without_one() -> None:
    assert japanese.sentence_unified_end("猫です！犬です？鳥です", "です") is None
    assert (
        japanese.sentence_unified_end("猫です。\n犬だ", "です")
        == 'a sentence ends with "\n犬だ", "です" asked'
    )


@pytest.mark.parametrize(("text", "sections"), [("第一章\n第十二章", 2), ("第１章第2章", 2), ("第章", 0)])
def test_a_repaired_section_may_be_numbered_in_kanji(text: str, sections: int) -> None:
    assert (japanese.multiple_sections_fixed(text, "章", max(sections, 1)) is None) == bool(sections)
    assert japanese.multiple_sections_fixed(text, "章", sections + 1) is not None
