"""`assay compare` prints what changed and why, for people in 80 columns and for machines by a schema."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import assay
from assay.comparison.document import schema
from tests.runs.test_decided import contents
from tests.studies import edit, one_task_study, table

BASE, UP = table(60, 10, 400, 200)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`five` and `twelve`, of another margin, with the adapters `a` and `b`."""
    folder = tmp_path_factory.mktemp("compare")
    for name, margin in (("five", 0.05), ("twelve", 0.12)):
        study = one_task_study(folder / "in" / name, BASE, {"a": UP, "b": BASE[::-1]}, margin=margin)
        assay.run(study, folder / name)
    return folder


def test_a_change_is_explained_in_80_columns(call: Any, runs: Path) -> None:
    done = call("compare", runs / "five", runs / "twelve")
    assert done.code == 1
    assert "a: gains math.numeric_match: confirmed -> gain" in done.words
    assert "why: margin" in done.words
    lines = [line for line in done.out.splitlines() if not line.startswith(("left:", "right:"))]
    assert max(map(len, lines)) <= 80


def test_equal_runs_exit_with_0_and_no_file_changes(call: Any, runs: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(runs / "five", tmp_path / "copy")
    before = contents(runs)
    done = call("compare", runs / "five", copy)
    assert (done.code, "0 of 2 findings have other words." in done.words) == (0, True)
    assert contents(runs) == before


def test_json_follows_its_schema(call: Any, runs: Path) -> None:
    done = call("compare", runs / "five", runs / "twelve", "--json")
    found = json.loads(done.out)
    jsonschema.validate(found, schema())
    assert set(found) == {"left", "right", "changed", "findings", "differences"}
    first = found["findings"][0]
    assert (first["left"]["words"], first["right"]["words"], first["why"]) == ("confirmed", "gain", "margin")
    (cause,) = first["causes"]
    assert cause == {
        "kinds": ["margin"],
        "left": "5 points",
        "right": "12 points",
        "alone": "gain",
        "without": "confirmed",
        "enough": True,
        "needed": True,
        "moved": None,
        "limit": None,
    }
    assert {"what": "margin", "left": "5 points", "right": "12 points"} in found["differences"]


def test_two_adapters_of_one_run(call: Any, runs: Path) -> None:
    done = call("compare", runs / "five", runs / "five", "--adapter", "a", "--adapter", "b")
    assert done.code == 1
    assert "why: adapter" in done.words
    same = call("compare", runs / "five", runs / "five", "--adapter", "a")
    assert (same.code, "0 of 1 findings" in same.words) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--adapter", "nobody"), "no adapter 'nobody'"),
        (("--adapter", "a", "--adapter", "b", "--adapter", "a"), "more than twice"),
    ],
)
def test_adapters_that_cannot_be_compared_are_refused(
    call: Any, runs: Path, arguments: tuple[str, ...], message: str
) -> None:
    done = call("compare", runs / "five", runs / "twelve", *arguments)
    assert (done.code, message in done.err) == (64, True)


def test_a_folder_without_a_run_is_refused(call: Any, runs: Path, tmp_path: Path) -> None:
    done = call("compare", runs / "five", tmp_path)
    assert done.code == 64
    assert "no run here" in done.err


def test_what_was_edited_since_is_noted(call: Any, runs: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(runs / "five", tmp_path / "copy"))
    edit(copy / "study.yaml", lambda study: study.update(margin=0.02))
    done = call("compare", runs / "five", copy)
    assert done.code == 0
    assert "right: study.yaml has other claims" in done.words
