"""A campaign can be repeated, and what it found stays fixed."""

from __future__ import annotations

from random import Random

import pytest

from tests.campaign.faults import FIXED
from tests.campaign.inputs import KINDS
from tests.campaign.mutation import damaged, mutate
from tests.campaign.watchdog import ROOT


@pytest.mark.parametrize("name", KINDS)
def test_an_input_is_made_of_its_kind_and_its_number_alone(name: str) -> None:
    whole = [{"a": b'{"x": [1, 2, {"y": "z"}]}\n', "b": b"text"}]
    inputs = [[damaged(whole, Random(f"{name}:{number}")) for number in range(50)] for _ in range(2)]
    assert inputs[0] == inputs[1]
    assert len({str(files) for files in inputs[0]}) > 30


def test_damage_keeps_inputs_small_enough_to_be_tried() -> None:
    sizes = [len(mutate(b'{"a": 1}' * 50, Random(number))) for number in range(300)]
    assert max(sizes) < 6_000_000
    assert sorted(sizes)[150] < 30_000


@pytest.mark.parametrize("fixed", FIXED, ids=lambda fixed: fixed.test.rpartition("::")[2])
def test_a_fault_that_was_fixed_has_its_test(fixed: object) -> None:
    path, _, name = fixed.test.partition("::")  # type: ignore[attr-defined]
    assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8")
