"""Which letters are hiragana, katakana and kanji."""

from __future__ import annotations

import pytest

from assay.tasks.mifeval import kana


@pytest.mark.parametrize(("text", "count"), [("かカか", 3), ("がガｶ", 0)])
def test_a_letter_counts_as_hiragana_and_as_katakana(text: str, count: int) -> None:
    assert kana.letter_frequency(text, "か", count, "exactly") is None


@pytest.mark.parametrize("text", ["ねこ", "ー、。", "1 ね", "", "ぁん"])
def test_hiragana_only(text: str) -> None:
    assert kana.hiragana_only(text) is None


@pytest.mark.parametrize("letter", ["ゔ", "ゝ", "ネ", "猫", "é"])
def test_another_letter_is_not_hiragana(letter: str) -> None:
    assert kana.hiragana_only(f"ね{letter}") == f'not hiragana: "{letter}" at character 2'


@pytest.mark.parametrize(("letter", "reference"), [("ヴ", False), ("ヽ", False), ("ｶ", True), ("ー", True)])
def test_rare_katakana_is_katakana_when_repaired(letter: str, reference: bool) -> None:
    assert (kana.katakana_only(f"ネ{letter}") is None) == reference
    assert kana.katakana_only_fixed(f"ネ{letter}") is None


def test_a_text_without_kana_is_neither_when_repaired() -> None:
    assert (kana.hiragana_only("123"), kana.hiragana_only_fixed("123")) == (None, "no hiragana")
    assert (kana.katakana_only("123"), kana.katakana_only_fixed("123")) == (None, "no katakana")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("ねこ", None),
        ("猫（ねこ）", None),
        ("猫(ねこ)", 'no furigana after "猫" at character 1'),
        ("猫（ネコ）", 'no furigana after "猫" at character 1'),
        ("子猫（こねこ）と犬", 'no furigana after "犬" at character 9'),
    ],
)
def test_furigana_is_hiragana_in_wide_parentheses(text: str, reason: str | None) -> None:
    assert kana.furigana(text) == reason


def test_digits_of_any_script_are_digits() -> None:
    assert [kana.kansuuji(text) for text in ("三", "3", "３")] == [
        None,
        'digit: "3" at character 1',
        'digit: "３" at character 1',
    ]


def test_half_width_katakana_is_katakana() -> None:
    assert kana.no_katakana("ﾈｺ") == 'katakana: "ﾈ" at character 1'
