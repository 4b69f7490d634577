"""A task of instructions judges each one, strictly and loosely."""

from __future__ import annotations

import pytest

from assay.tasks import Example
from assay.tasks.ifeval import IFEval
from tests.tasks.ifeval.cases import example


@pytest.mark.parametrize(
    ("id_", "response"),
    [
        ("startend:quotation", 'Sure:\n"yes"'),  # without the first line
        ("startend:quotation", '"yes"\nBye'),  # without the last
        ("startend:quotation", 'Sure:\n"yes"\nBye'),  # without both
        ("startend:quotation", '**"yes"**'),  # without stars
        ("startend:quotation", 'Sure:\n*"yes"*\nBye'),  # without all of them
    ],
)
def test_loose_forgives_a_first_line_a_last_line_and_stars(id_: str, response: str) -> None:
    assert IFEval().score(example(id_, {}), response).passed == (0, 0, 1, 1)


def test_every_instruction_of_a_prompt_is_judged_also_one_asked_twice() -> None:
    twice = Example(
        "1",
        "Answer in one or two words.",
        {
            "instruction_id_list": ["length_constraints:number_words"] * 2 + ["startend:quotation"],
            "kwargs": [
                {"num_words": 3, "relation": "less than"},
                {"num_words": 1, "relation": "at least"},
                {},
            ],
        },
    )
    score = IFEval().score(twice, "one two three")
    assert score.detail["strict"] == [False, True, False]
    assert (score.passed, score.out_of) == ((0, 1, 0, 1), (1, 3, 1, 3))
