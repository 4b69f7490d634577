"""Repetition and refusal, seen from the text alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.verdicts.text_features import refuses, repeats

WORDS = st.lists(
    st.sampled_from(["the", "a", "river", "bank", "sees", "no", "boat", "today", "and", "rain"]), max_size=60
)
PROSE = (
    "It was early and the streets were empty. Nobody had slept well, but everyone came along, and by noon the whole "
    "party had reached the river, where a ferry took them over in two trips."
)


def share_repeated(words: list[str]) -> float:
    """Runs of four words that came before, by looking at each."""
    runs = [tuple(words[i : i + 4]) for i in range(len(words) - 3)]
    return sum(run in runs[:i] for i, run in enumerate(runs)) / len(runs)


@given(WORDS)
def test_repetition_is_what_counting_every_run_of_four_words_says(words: list[str]) -> None:
    expected = len(words) >= 11 and share_repeated(words) > 0.5
    assert repeats(" ".join(words)) == expected


@given(st.lists(st.text("abcdefgh", min_size=1, max_size=5), min_size=4, max_size=12))
def test_a_line_said_four_times_is_repeated_and_said_once_with_different_words_it_is_not(
    words: list[str],
) -> None:
    assert repeats("\n".join([" ".join(words)] * 4))
    assert not repeats(" ".join(dict.fromkeys(words)))


@given(st.text(), st.text(" \n\t", max_size=5))
def test_any_text_is_judged_and_space_around_it_changes_nothing(text: str, space: str) -> None:
    assert repeats(space + text + space) in (True, False)
    if len(text) < 100:
        assert refuses(space + text) == refuses(text)


def test_one_character_without_end_is_repeated_and_a_long_address_is_not() -> None:
    assert repeats("啊" * 60)
    assert not repeats("啊" * 20)
    assert not repeats("https://example.org/an/address/that/is/long/and/has/no/space")
    assert not repeats(PROSE)


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't assist with that.",
        "I’m sorry, I cannot help you.",
        "I cannot provide instructions for this.",
        "**I am unable to answer** this question",
        "As an AI language model, I cannot write that.",
        "Unfortunately, I am not able to do this.",
        "I must respectfully decline.",
    ],
)
def test_usual_openings_of_refusals_are_seen(text: str) -> None:
    assert refuses(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I can't believe how tall the tower is!",
        "I cannot say enough good things of this town.",
        "Sorry to hear that. Here is a letter.",
        "Here is why some people say: I cannot help with that.",
        "An apology letter: I'm sorry",
        PROSE,
    ],
)
def test_answers_that_only_sound_alike_are_no_refusals(text: str) -> None:
    assert not refuses(text)
