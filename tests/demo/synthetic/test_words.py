"""Forms of words are right English."""

from __future__ import annotations

import pytest

from assay.demo.synthetic import words


def test_there_are_a_few_thousand_words() -> None:
    assert 2000 <= len(words.ALL_WORDS) <= 4000


@pytest.mark.parametrize("listed", [words.TOPICS, words.JOBS, words.COUNTED, words.TOWNS, words.VERBS])
def test_no_list_names_anything_twice(listed: tuple[object, ...]) -> None:
    assert len(set(listed)) == len(listed)


def test_no_name_is_both_a_womans_and_a_mans() -> None:
    assert not set(words.WOMEN) & set(words.MEN)


def test_plurals_are_english() -> None:
    known = {
        "fox": "foxes",
        "mouse": "mice",
        "berry": "berries",
        "day": "days",
        "leaf": "leaves",
        "bus": "buses",
    }
    assert {noun: words.plural(noun) for noun in known} == known


def test_verbs_have_their_forms() -> None:
    known = {
        "carry": ("carried", "carrying"),
        "stop": ("stopped", "stopping"),
        "make": ("made", "making"),
        "tie": ("tied", "tying"),
        "find": ("found", "finding"),
        "free": ("freed", "freeing"),
        "enjoy": ("enjoyed", "enjoying"),
    }
    assert {verb: (words.past(verb), words.gerund(verb)) for verb in known} == known


def test_articles_follow_the_sound() -> None:
    known = [
        "an apple",
        "a ukulele",
        "an umbrella",
        "a useful map",
        "an honest dog",
        "an unusual cup",
        "a house",
    ]
    assert [f"{words.article(text.split(' ', 1)[1])} {text.split(' ', 1)[1]}" for text in known] == known
