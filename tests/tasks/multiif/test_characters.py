"""Words and sentences in Chinese, Japanese and Hindi, counted by hand."""

from __future__ import annotations

import time

import pytest

from assay.tasks.multiif.characters import chinese_sentences, chinese_words, hindi_sentences

pytest.importorskip("emoji")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        ("我有猫。", 3),
        ("我有 two cats", 4),
        ("a.b c", 2),  # a mark disappears and divides nothing
        ("猫😀猫", 3),
        ("👍🏽 👨‍👩‍👧", 2),  # an emoji of several characters is one
        ("カタカナ、ひらがな", 8),
        ("a=b|c", 1),
        ("一\n二", 2),
    ],
)
def test_a_character_an_emoji_and_what_spaces_divide_are_words(text: str, words: int) -> None:
    assert chinese_words(text) == words


@pytest.mark.parametrize(
    ("text", "sentences"),
    [("", 0), ("我。你？他", 3), ("一句\n\n两句", 2), ("！！", 0), ("3.5 元。", 2), (" \n ", 0)],
)
def test_a_line_or_a_mark_ends_a_sentence_of_chinese(text: str, sentences: int) -> None:
    assert chinese_sentences(text) == sentences


@pytest.mark.parametrize(
    ("text", "sentences"), [("", 0), ("एक। दो! तीन?", 3), ("एक. दो", 1), ("एक।।", 2), ("एक\nदो", 1)]
)
def test_a_danda_ends_a_sentence_of_hindi(text: str, sentences: int) -> None:
    assert hindi_sentences(text) == sentences


def test_a_long_text_is_counted_in_linear_time() -> None:
    began = time.perf_counter()
    for piece in ("。", "猫", "।", " ", "!", "a"):
        text = piece * 300_000
        chinese_words(text), chinese_sentences(text), hindi_sentences(text)
    assert time.perf_counter() - began < 60
