"""The parts of a gain add up to it, and wordings of one request are one piece of evidence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.plan import Metric
from assay.records import Scores
from assay.stats import PairedGain
from assay.verdicts.split import split_of

METRICS = (
    Metric("right", "binary", "right", extracted_by="found"),
    Metric("found", "binary", "found"),
)
STATES = ((0, 0), (0, 1), (1, 1))
"""Of an answer: right, found."""


def scores(states: list[int], samples: int = 1) -> Scores:
    passed = np.array([[STATES[state]] * samples for state in states], dtype=np.int64)
    return Scores(passed, np.ones_like(passed), np.arange(len(states)))


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 4)), min_size=1, max_size=30),
    st.booleans(),
)
def test_parts_add_up_to_the_gain(rows: list[tuple[int, int, int]], clustered: bool) -> None:
    before, after, names = (list(column) for column in zip(*rows, strict=True))
    split = split_of(
        (scores(before), scores(after)), 0, METRICS, np.array(names) if clustered else None, 0.05
    )
    assert split is not None
    gain = sum((new == 2) - (old == 2) for old, new in zip(before, after, strict=True)) / len(rows)
    assert split.format.gain + split.answer.gain == pytest.approx(gain)
    found = sum(
        (new == 2) - (old == 2) for old, new in zip(before, after, strict=True) if (old == 0) != (new == 0)
    )
    assert split.format.gain == pytest.approx(found / len(rows))
    for part in (split.format, split.answer):
        assert part.interval[0] <= part.gain <= part.interval[1]


def test_without_clusters_the_intervals_are_exact() -> None:
    split = split_of((scores([0] * 5 + [1] * 3 + [2] * 42), scores([2] * 50)), 0, METRICS, None, 0.05)
    assert split is not None
    assert split.format.interval == PairedGain(5, 0, 50).interval(0.9)
    assert split.answer.interval == PairedGain(3, 0, 50).interval(0.9)


def test_copies_of_a_request_are_no_more_evidence_than_one() -> None:
    before, after = [0] * 5 + [1] * 3 + [2] * 42, [2] * 50
    copied = (scores(list(np.repeat(before, 4))), scores(list(np.repeat(after, 4))))
    split = split_of(copied, 0, METRICS, np.repeat(np.arange(50), 4), 0.05)
    assert split is not None
    assert split.format.gain == pytest.approx(0.1)
    alone = PairedGain(5, 0, 50).interval(0.9)
    assert split.format.interval[0] < alone[0]
    assert split.format.interval[1] > alone[1] - 0.01


def test_without_an_extracted_answer_there_are_no_parts() -> None:
    sides = (scores([0, 2]), scores([2, 2]))
    assert split_of(sides, 1, METRICS, None, 0.05) is None
    assert split_of((scores([0, 2], 2), scores([2, 2], 2)), 0, METRICS, None, 0.05) is None


def in_parts(side: Scores, parts: int) -> Scores:
    return Scores(side.passed * parts, side.out_of * parts, side.positions)


def test_a_number_that_is_0_or_1_is_split_as_a_pass_or_a_fail() -> None:
    sides = scores([0] * 5 + [1] * 3 + [2] * 42), scores([2] * 50)
    numbers = tuple(replace(metric, kind="mean") for metric in METRICS)
    of_parts = split_of((in_parts(sides[0], 10**6), in_parts(sides[1], 10**6)), 0, numbers, None, 0.05)
    assert of_parts == split_of(sides, 0, METRICS, None, 0.05)


def test_a_number_between_0_and_1_is_split_in_units_of_the_score() -> None:
    before, after = scores([1] * 10), scores([2] * 10)
    half = Scores(after.passed * 500_000, after.out_of * 10**6, after.positions)
    numbers = tuple(replace(metric, kind="mean") for metric in METRICS)
    split = split_of((in_parts(before, 10**6), half), 0, numbers, None, 0.05)
    assert split is not None
    assert split.format.gain + split.answer.gain == pytest.approx(0.5)
