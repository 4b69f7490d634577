"""Habits decide how often a response behaves."""

from __future__ import annotations

import re

from assay.demo.synthetic import Habits, draw
from tests.demo.synthetic.judging import judged


def test_the_share_that_behaves_rises_with_the_wording() -> None:
    habits = Habits(0.2, 0.8)
    assert [round(habits.share(wording, 4), 2) for wording in range(4)] == [0.2, 0.4, 0.6, 0.8]
    rates: dict[str, list[int]] = {}
    for pair in draw("lists", "tune", 2000, habits=habits):
        opening = re.split(r"[ ,]", pair.prompt)[0]
        rates.setdefault(opening, []).append(judged("lists", pair))
    assert sum(rates["Copy"]) / len(rates["Copy"]) > 0.65
    assert sum(rates["Say"]) / len(rates["Say"]) < 0.4
