"""The benchmark's own figures, from which prompts were satisfied."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.tasks.followbench import Outcome, rates


def outcomes(name: str, hard: str) -> list[Outcome]:
    return [Outcome(name, level, mark == "1", float(mark == "1")) for level, mark in enumerate(hard, 1)]


def test_rates_are_those_of_the_paper() -> None:
    found = rates(
        [*outcomes("a", "11101"), *outcomes("b", "01111"), *outcomes("c", "11111"), *outcomes("d", "00000")]
    )
    assert found.hard == (0.5, 0.75, 0.75, 0.5, 0.75)
    assert found.soft == found.hard
    assert (found.groups, found.consistent) == (4, (3 + 0 + 5 + 0) / 4)


@given(st.lists(st.text("01", min_size=5, max_size=5), min_size=1, max_size=20))
def test_consistent_levels_are_the_first_ones_satisfied(marks: list[str]) -> None:
    found = rates(one for i, mark in enumerate(marks) for one in outcomes(str(i), mark))
    assert found.consistent == sum(len(mark.split("0")[0]) for mark in marks) / len(marks)
    assert found.consistent <= sum(found.hard) + 1e-9


@pytest.mark.parametrize("bad", [[], outcomes("a", "1111"), [*outcomes("a", "11111"), *outcomes("a", "1")]])
def test_rates_of_broken_groups_are_refused(bad: list[Outcome]) -> None:
    with pytest.raises(ValueError, match=r"no groups|has level"):
        rates(bad)
