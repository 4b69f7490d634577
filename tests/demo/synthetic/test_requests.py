"""A request has one split, whatever its words and the instructions added to it."""

from __future__ import annotations

from collections import Counter

from assay.demo.synthetic import DIFFICULTY, Habits
from assay.demo.synthetic.portable_random import seeded
from assay.demo.synthetic.requests import WORDINGS, Instructions, PlainText, Talk
from tests.demo.synthetic.facts import request_of


def test_no_two_aspects_share_a_wording() -> None:
    counts = Counter(wording for wordings in WORDINGS.values() for wording in set(wordings))
    assert set(counts.values()) == {1}


def test_the_request_alone_decides_the_split_with_instructions_and_without() -> None:
    cores: dict[object, list[str]] = {}
    for kind in (Talk(), Instructions()):
        for number in range(600):
            generator = seeded("requests", number)
            facts = kind.facts(generator, DIFFICULTY)
            prompt = kind.pair(facts, generator, Habits()).prompt
            cores.setdefault(request_of(prompt), []).append(facts.core)
    assert max(map(len, cores.values())) > 1
    assert all(len(set(found)) == 1 for found in cores.values())


def test_a_plain_text_has_no_prompt() -> None:
    generator = seeded("plain", 0)
    pair = PlainText().pair(PlainText().facts(generator, DIFFICULTY), generator, Habits())
    assert pair.prompt == ""
    assert pair.response
