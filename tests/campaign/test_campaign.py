"""A campaign can be repeated, and what it found stays fixed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
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


@pytest.mark.slow
def test_every_kind_reads_or_refuses_what_it_is_given(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.campaign", "--budget", "10", "--inputs", "3000"]
    done = subprocess.run(
        [*command, "--out", str(tmp_path / "c.json")], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    rows = json.loads((tmp_path / "c.json").read_text())
    assert set(rows) >= set(KINDS)
    assert all(row["inputs"] > 0 and row["found"] == row["fixed"] for row in rows.values())
