"""What generations cost, fitted to intervals of work."""

from __future__ import annotations

import numpy as np
import pytest

from assay.runs.pace import Pace, steps_of

COSTS = np.array([0.07, 0.0011, 0.0001, 4e-7])
"""Seconds of a step, a token, a character, a position."""


def work(rows: int, steps: int, age: int, entering: int = 0) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([steps, rows * steps, 240.0 * entering, rows * steps * float(age)])


def test_work_like_the_recent_takes_as_long_as_it_did() -> None:
    pace = Pace()
    for age in range(0, 1000, 30):
        done = work(200, 30, age, entering=10)
        pace.add(done, float(done @ COSTS))
    assert done @ pace.costs() == pytest.approx(done @ COSTS, rel=0.1)


def test_where_rows_were_many_and_few_steps_and_tokens_are_told_apart() -> None:
    pace = Pace()
    for rows in (200, 150, 100, 50, 25, 12, 6, 3):
        for age in (200, 400, 600):
            done = work(rows, 30, age)
            pace.add(done, float(done @ COSTS))
    for rows in (200, 3):
        done = work(rows, 30, 400)
        assert done @ pace.costs() == pytest.approx(done @ COSTS, rel=0.1)


def test_a_machine_that_became_slower_is_followed_within_minutes() -> None:
    pace = Pace()
    for factor in (1,) * 60 + (3,) * 24:
        done = work(200, 30, 500)
        pace.add(done, factor * float(done @ COSTS))
    assert done @ pace.costs() == pytest.approx(3 * done @ COSTS, rel=0.15)


def test_a_load_that_comes_and_goes_is_not_taken_for_steps_without_cost() -> None:
    """Rows become fewer while other programs leave: without them every step would take as long."""
    pace = Pace()
    for rows, factor in zip(range(60, 40, -1), np.linspace(3, 1, 20), strict=True):
        done = work(rows, 20, 300)
        pace.add(done, float(factor * (done @ COSTS)))
    few = work(8, 20, 300)
    assert few @ pace.costs() > 0.6 * few @ COSTS


def test_no_cost_is_negative_whatever_is_seen() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        pace = Pace()
        for _ in range(rng.integers(1, 9)):
            pace.add(np.floor(1000 * rng.random(4)) * (rng.random(4) < 0.5), float(rng.exponential(10)))
        if pace.seconds:
            assert (pace.costs() >= 0).all()
            assert np.isfinite(pace.costs()).all()


@pytest.mark.parametrize(
    ("under_way", "waiting", "slots", "steps"),
    [
        ([], [], 5, 0),
        ([3, 9], [], 5, 9),
        ([], [4, 4, 4, 4], 2, 8),
        ([3, 9], [4, 1], 2, 9),
        ([3, 9], [4, 6], 2, 13),
        ([3], [4, 6], 3, 6),
    ],
)
def test_steps_are_those_of_slots_that_are_filled_as_they_become_free(
    under_way: list[float], waiting: list[float], slots: int, steps: float
) -> None:
    assert steps_of(under_way, waiting, slots) == steps
