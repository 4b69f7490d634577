"""Draws: splits never overlap, prompts are distinct, the same seed gives the same examples."""

from __future__ import annotations

import hashlib
import json
import random
import re
import time
from collections.abc import Hashable
from itertools import product

import pytest

from assay.demo.synthetic import DIFFICULTY, KINDS, SPLITS, Habits, Pair, draw, split_of, stream
from assay.demo.synthetic.difficulty import Difficulty
from assay.demo.synthetic.kind import Facts, Kind
from assay.errors import TaskError
from tests.demo.synthetic.facts import facts_of

TASKS = ("instructions", "problems", "lists", "passages")
GOLDEN = {
    "text": "232d5bbc6563403e0e87d614948bd5f0d138220d68e8f7222fec96993ffea425",
    "talk": "f37e2b38cdd52e492dfee9dced6b7592bdf0576fb43600c94be69103da46a0e0",
    "instructions": "8252c99ce02e8e22cca5c805080e2e3013f47505c868d81f67ad95690a039bf5",
    "problems": "401ce6d479f53a761dcf7211c464b1825ad95d13a04648b1e048df5f05835c00",
    "lists": "fa2807fc74547569d1244e3039d4ca477ef23d66e152332d916350eb73e88c00",
    "passages": "f8417f9928d3e8dbd7897a41163943dbdc0109efecb7cc770fe027cd5d03426f",
}
"""SHA-256 of 1,000 draws of each kind. Where it changes, raise `draw.VERSION`."""


def said(pair: Pair) -> str:
    return pair.prompt or pair.response


@pytest.mark.slow
@pytest.mark.parametrize(
    "kinds",
    [
        pytest.param(("talk", "instructions"), marks=pytest.mark.slow),
        ("problems",),
        ("lists",),
        ("passages",),
    ],
)
def test_two_splits_never_share_a_prompt_or_its_facts_in_other_words(kinds: tuple[str, ...]) -> None:
    facts: dict[Hashable, set[str]] = {}
    prompts: dict[str, set[str]] = {}
    count = 0
    for kind, split, seed in product(kinds, SPLITS, (0, 1)):
        for pair in draw(kind, split, 1000, seed):
            facts.setdefault(facts_of(kind, pair), set()).add(split)
            prompts.setdefault(pair.prompt, set()).add(split)
            count += 1
    assert all(len(splits) == 1 for splits in (*facts.values(), *prompts.values()))
    if kinds[0] in ("talk", "problems"):  # lists and passages are too many to meet again
        assert len(facts) < count


@pytest.mark.parametrize("kind", KINDS)
def test_the_split_is_that_of_the_facts_whatever_the_seed(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cores: dict[str, set[str]] = {split: set() for split in SPLITS}
    inner = KINDS[kind]

    class Spy(Kind):
        def facts(self, generator: random.Random, difficulty: Difficulty) -> Facts:
            return inner.facts(generator, difficulty)

        def pair(self, facts: Facts, generator: random.Random, habits: Habits) -> Pair:
            cores[split].add(facts.core)
            return inner.pair(facts, generator, habits)

    monkeypatch.setitem(KINDS, kind, Spy())
    for split in SPLITS:
        draw(kind, split, 400, 0)
        draw(kind, split, 400, 9)
        assert all(split_of(core) == split for core in cores[split])
    assert not cores["pretrain"] & cores["test"]
    assert not cores["tune"] & (cores["test"] | cores["pretrain"])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("split", SPLITS)
def test_prompts_and_keys_of_a_draw_are_distinct(kind: str, split: str) -> None:
    pairs = draw(kind, split, 800, 3)  # type: ignore[arg-type]
    assert len({said(pair) for pair in pairs}) == len({pair.key for pair in pairs}) == len(pairs)


@pytest.mark.parametrize("kind", KINDS)
def test_a_thousand_draws_are_the_same_on_every_platform(kind: str) -> None:
    rows = [[pair.key, pair.prompt, pair.response, dict(pair.data)] for pair in draw(kind, "test", 1000)]
    text = json.dumps(rows, ensure_ascii=False, sort_keys=True)
    assert hashlib.sha256(text.encode()).hexdigest() == GOLDEN[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_a_longer_draw_begins_with_the_shorter_one_and_seeds_differ(kind: str) -> None:
    assert draw(kind, "test", 60)[:40] == draw(kind, "test", 40)
    assert draw(kind, "test", 40, 1) != draw(kind, "test", 40)


@pytest.mark.parametrize("kind", TASKS)
def test_habits_change_responses_and_no_prompt(kind: str) -> None:
    tidy, untidy = draw(kind, "tune", 80), draw(kind, "tune", 80, habits=Habits(0.0, 0.0))
    assert [pair.prompt for pair in tidy] == [pair.prompt for pair in untidy]
    assert sum(one.response != other.response for one, other in zip(tidy, untidy, strict=True)) > 40


def test_a_small_world_says_when_nothing_new_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    class One(Kind):
        def facts(self, generator: random.Random, difficulty: Difficulty) -> Facts:  # noqa: ARG002
            return Facts("fact 0", "whole", None)

        def pair(self, facts: Facts, generator: random.Random, habits: Habits) -> Pair:  # noqa: ARG002
            return Pair("key", "prompt", "response")

    monkeypatch.setitem(KINDS, "one", One())
    with pytest.raises(TaskError, match=r"1 different one for \w+, not 2; draw fewer"):
        draw("one", split_of("fact 0"), 2)


def test_unknown_kinds_and_splits_are_refused_with_those_there_are() -> None:
    with pytest.raises(TaskError, match="kinds are text, talk"):
        stream("poems", "test")
    with pytest.raises(TaskError, match="splits are pretrain, tune, test"):
        stream("talk", "train")  # type: ignore[arg-type]


def test_levers_set_the_difficulty() -> None:
    hard = Difficulty(steps=(0, 0, 1), digits=(0, 0, 1), items=(9, 9), people=(5, 5))
    assert {pair.data["steps"] for pair in draw("problems", "test", 50, difficulty=hard)} == {3}
    for pair in draw("lists", "test", 50, difficulty=hard):
        assert re.split(r"[:?] ", pair.prompt)[-1].count(", ") == 8
    for pair in draw("passages", "test", 50, difficulty=hard):
        assert pair.prompt.split("\n\n")[0].count(".") == 10
    assert Difficulty() == DIFFICULTY


@pytest.mark.slow
def test_a_hundred_thousand_examples_take_about_a_minute() -> None:
    began = time.process_time()
    for kind in KINDS:
        draw(kind, "pretrain", 17_000)
    assert time.process_time() - began < 60
