"""The words and sentences: forms are right English, slots can be filled, layouts are safe."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from assay.demo.synthetic import sentences, words
from assay.demo.synthetic.portable_random import between, choose, happens, pick, seeded, several, shuffled
from assay.demo.synthetic.prose import ASPECTS, Request, Scene, story_of


def every_sentence() -> Iterator[str]:
    for name, value in vars(sentences).items():
        if not name.isupper() or name.startswith("_"):
            continue
        groups = value.values() if hasattr(value, "values") else [value]
        for group in groups:
            yield from group


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


def test_every_slot_of_every_sentence_can_be_filled() -> None:
    scene = Scene(Request("facts", "animal", "fox", "lamp", "in winter"), seeded("slots"))
    for sentence in every_sentence():
        assert "{" not in scene.write(sentence, word="pen")


def test_only_asides_have_a_comma_and_no_sentence_has_a_mark_of_the_layouts() -> None:
    asides = {*sentences.ASIDES, *sentences.STORY_ASIDES}
    for sentence in every_sentence():
        assert ("," in sentence) == (sentence in asides), sentence
        assert not set(sentence) & set('[]*-"<>'), sentence


@pytest.mark.parametrize("aspect", ASPECTS)
def test_texts_of_every_kind_are_whole_sentences(aspect: str) -> None:
    generator = seeded(aspect)
    for kind, topic in words.TOPICS[::7]:
        text = story_of(Request(aspect, kind, topic, None, None), 6, generator)
        assert topic in text.lower() or words.plural(topic) in text.lower()
        assert all(part[0].isupper() and part[-1] in ".?" for part in text.split("\n\n")), text


def test_draws_are_the_same_everywhere() -> None:
    # From the SHA-256 of the parts and CPython's promise about `Random.random`.
    generator = seeded("golden", 1)
    assert [between(generator, 1, 100) for _ in range(5)] == [27, 41, 41, 65, 12]
    assert several(generator, range(50), 3) == [47, 13, 32]
    assert shuffled(generator, "abcde") == ["c", "e", "d", "b", "a"]
    assert not happens(generator, 0.5)


def test_a_weight_of_zero_is_never_picked() -> None:
    generator = seeded("weights")
    assert {pick(generator, "abc", (1, 2, 0)) for _ in range(500)} == {"a", "b"}
    assert {choose(generator, "abc") for _ in range(200)} == set("abc")
