"""Composed responses follow their instructions."""

from __future__ import annotations

import pytest

from assay.demo.synthetic import draw
from assay.tasks import Example, load_task
from assay.tasks.ifeval import IFEval


@pytest.mark.parametrize("mode", IFEval.modes)
def test_verifiers_of_both_modes_accept_every_response_to_instructions(mode: str) -> None:
    task = load_task("world-instructions")(mode=mode)
    for pair in draw("instructions", "tune", 1000, 4):
        score = task.score(Example(pair.key, pair.prompt, pair.data), pair.response)
        assert score.passed == score.out_of, (pair.prompt, pair.response, score.detail)
