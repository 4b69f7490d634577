"""Instructions come up in every number and wording, and tasks accept what the world writes."""

from __future__ import annotations

from collections import Counter

import pytest

from assay.demo.synthetic import Habits, draw
from assay.demo.synthetic.instructions import PHRASINGS
from assay.tasks import load_task
from assay.tasks.ifeval import punkt
from assay.tasks.ifeval.registry import INSTRUCTIONS
from tests.demo.synthetic.judging import judged


@pytest.mark.parametrize("kind", ["problems", "lists", "passages"])
def test_the_task_accepts_every_response(kind: str) -> None:
    assert all(judged(kind, pair) for pair in draw(kind, "tune", 1500, 4))


def test_every_instruction_comes_up_alone_and_together_and_none_needs_punkt() -> None:
    counts: Counter[str] = Counter()
    sizes: Counter[int] = Counter()
    for pair in draw("instructions", "test", 1200):
        counts.update(pair.data["instruction_id_list"])
        sizes[len(pair.data["kwargs"])] += 1
    assert counts.keys() == PHRASINGS.keys()
    assert min(counts.values()) > 40
    assert sizes.keys() == {1, 2, 3}
    assert not any(INSTRUCTIONS[id_].punkt for id_ in PHRASINGS)


def test_no_example_asks_for_punkt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(punkt, "require", lambda: pytest.fail("punkt was asked for"))
    task = load_task("world-instructions")()
    task.require(task.draw(200, 0) or ())


def test_each_wording_names_its_arguments() -> None:
    for pair in draw("instructions", "test", 600):
        for id_, kwargs in zip(pair.data["instruction_id_list"], pair.data["kwargs"], strict=True):
            for name, value in kwargs.items():
                words = value if isinstance(value, list) else [value]
                if isinstance(value, int) and name != "num_words" and name != "frequency":
                    words = [("", "one", "two", "three", "four", "five")[value]]
                assert all(str(word) in pair.prompt for word in words), (id_, pair.prompt)


@pytest.mark.parametrize(
    ("kind", "lowest", "highest"),
    [("instructions", 0.0, 0.6), ("lists", 0.0, 0.02), ("passages", 0.0, 0.02), ("problems", 1.0, 1.0)],
)
def test_untidy_examples_often_fail_and_untidy_problems_only_hide_their_work(
    kind: str, lowest: float, highest: float
) -> None:
    pairs = draw(kind, "tune", 400, habits=Habits(0.0, 0.0))
    assert lowest <= sum(judged(kind, pair) for pair in pairs) / len(pairs) <= highest
