"""Sentences are counted as ja_sentence_segmenter splits them, and keywords are found at the edges of words."""

from __future__ import annotations

import pytest

from assay.tasks.mifeval import japanese_words
from assay.tasks.mifeval.japanese_words import count_sentences, occurrences, tokens, without_quotes


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("", 0),
        ("猫。犬！鳥？", 3),
        ("猫｡犬!", 2),
        ("猫。犬", 2),
        ("猫\n\n犬\n", 2),
        ("「猫。犬。」と言う。", 1),
        ("猫（犬。鳥。）魚。", 1),
        ("「猫。", 1),
        ("猫！？", 2),
        ("猫の\n犬。", 1),
        ("猫の　\n犬。", 1),
        ("の\n犬。", 2),
        ("猫。　\n犬。", 2),
        ("猫。\n \n犬。", 3),  # a line with a space in it is a sentence to ja_sentence_segmenter
    ],
)
def test_sentences(text: str, sentences: int) -> None:
    assert count_sentences(text) == sentences


def test_quotations_are_left_out_within_a_line() -> None:
    assert without_quotes("甲「乙」丙『丁「戊」己』庚「辛\n壬」") == "甲丙庚「辛\n壬」"


def test_words_and_nouns_are_janomes() -> None:
    pytest.importorskip("janome", reason="janome is not installed")
    japanese_words.require()
    assert [(token.surface, token.noun) for token in tokens("猫が好き。")] == [
        ("猫", True),
        ("が", False),
        ("好き", True),
        ("。", False),
    ]


@pytest.mark.parametrize(
    ("text", "word", "count"), [("白い猫と白い猫。", "白い猫", 2), ("海外の海。", "海", 1), ("猫。", "犬", 0)]
)
def test_a_keyword_is_one_word_or_several_in_a_row(text: str, word: str, count: int) -> None:
    pytest.importorskip("janome", reason="janome is not installed")
    assert occurrences(text, word) == count
