"""Slots can be filled, and sentences have no mark of a layout."""

from __future__ import annotations

from collections.abc import Iterator

from assay.demo.synthetic import sentences
from assay.demo.synthetic.portable_random import seeded
from assay.demo.synthetic.prose import Request, Scene


def every_sentence() -> Iterator[str]:
    for name, value in vars(sentences).items():
        if not name.isupper() or name.startswith("_"):
            continue
        groups = value.values() if hasattr(value, "values") else [value]
        for group in groups:
            yield from group


def test_every_slot_of_every_sentence_can_be_filled() -> None:
    scene = Scene(Request("facts", "animal", "fox", "lamp", "in winter"), seeded("slots"))
    for sentence in every_sentence():
        assert "{" not in scene.write(sentence, word="pen")


def test_only_asides_have_a_comma_and_no_sentence_has_a_mark_of_the_layouts() -> None:
    asides = {*sentences.ASIDES, *sentences.STORY_ASIDES}
    for sentence in every_sentence():
        assert ("," in sentence) == (sentence in asides), sentence
        assert not set(sentence) & set('[]*-"<>'), sentence
