"""What French checks find, beyond the cases of `cases.py`."""

from __future__ import annotations

import pytest

from assay.tasks.mifeval import french


@pytest.mark.parametrize("text", ["Tu es là.", "Je TE vois", "C'est à toi", "ton, ta, tes", "t'as"])
def test_an_informal_address_is_a_word(text: str) -> None:
    assert french.informal_address(text) is None


@pytest.mark.parametrize("text", ["vous", "statue", "tôt", "t' ", "tonton"])
def test_part_of_a_word_is_no_address(text: str) -> None:
    assert french.informal_address(text) is not None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Déjà", None),
        ("rien", None),
        ("DEJA VU", '"deja", "déjà" asked'),
    ],
)
def test_words_have_their_accents_wherever_they_are_found(text: str, reason: str | None) -> None:
    assert french.accents(text, {"deja": "déjà"}) == reason


def test_no_accent_includes_cedillas_and_tildes_and_no_ligature() -> None:
    assert french.no_accents("œuvre æ") is None
    assert [french.no_accents(text) for text in ("ça", "señor")] == [
        'accent: "ç" at character 1',
        'accent: "ñ" at character 3',
    ]


def test_chinese_of_either_script_is_chinese_when_repaired() -> None:
    text = "今天天气很好，我们去公园散步，然后回家吃晚饭。"
    assert french.response_language_fixed(text, "zh") is None
    assert french.response_language_fixed(text, "ja") == "language zh-cn, ja asked"
    assert french.response_language_fixed("123", "zh") == "no language detected, zh asked"
