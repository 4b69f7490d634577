"""How a forecast is printed; what stands in it is tested by `test_plan.py`."""

from __future__ import annotations

import pytest

from assay.cli.forecast import duration, training_lines
from assay.runs.training_data import TrainingData


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.2, "1 s"), (40, "40 s"), (100, "1.7 min"), (1800, "30 min"), (9000, "2.5 h"), (400_000, "111 h")],
)
def test_durations_are_as_rough_as_they_are_known(seconds: float, told: str) -> None:
    assert duration(seconds) == told


def test_training_data_is_shown_as_far_as_it_is_known() -> None:
    training = (
        TrainingData("a", {"math": 3, "talk": 0}, (), ("sums.jsonl",)),
        TrainingData("b", {}, ("math", "talk"), ("openai/gsm8k",)),
        *(TrainingData(f"c{i}", {}, ("math", "talk"), ()) for i in range(5)),
    )
    assert list(training_lines(training)) == [
        "Training data of a: it contains prompts of the study, 3 of math; a gain on these may be memorized.",
        "Training data of a: no prompt of talk is in it.",
        "Training data of b: openai/gsm8k; whether prompts of math, talk are in it is not known.",
        "Training data of c0, c1, c2 and 2 more: not named; whether prompts of math, talk are in it is not known.",
    ]
