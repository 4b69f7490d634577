"""Texts of every kind are whole sentences."""

from __future__ import annotations

import pytest

from assay.demo.synthetic import words
from assay.demo.synthetic.portable_random import seeded
from assay.demo.synthetic.prose import ASPECTS, Request, story_of


@pytest.mark.parametrize("aspect", ASPECTS)
def test_texts_of_every_kind_are_whole_sentences(aspect: str) -> None:
    generator = seeded(aspect)
    for kind, topic in words.TOPICS[::7]:
        text = story_of(Request(aspect, kind, topic, None, None), 6, generator)
        assert topic in text.lower() or words.plural(topic) in text.lower()
        assert all(part[0].isupper() and part[-1] in ".?" for part in text.split("\n\n")), text
