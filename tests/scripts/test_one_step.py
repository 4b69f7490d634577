"""The word problems that the real study ships."""

from __future__ import annotations

import json
import re
from pathlib import Path

from scripts.one_step import COUNT, problems

SHIPPED = Path(__file__).parents[2] / "studies" / "smollm2" / "one-step.jsonl"


def test_the_shipped_file_holds_them() -> None:
    rows = [json.loads(line) for line in SHIPPED.read_text(encoding="utf-8").splitlines()]
    assert [(row["prompt"], row["answer"]) for row in rows] == problems()
    assert [row["key"] for row in rows] == [str(index) for index in range(COUNT)]


def test_every_answer_is_the_sum_or_the_difference_of_the_two_numbers() -> None:
    for question, answer in problems():
        first, second = map(int, re.findall(r"\d+", question))
        adds = any(word in question for word in ("buys", "gave", "altogether"))
        assert answer == (first + second if adds else first - second)


def test_no_question_occurs_twice() -> None:
    assert len({question for question, _ in problems()}) == COUNT
