"""`assay export` as a user meets it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.studies import WRONG, one_task_study, study_with, table


@pytest.fixture
def run(call: Any, tmp_path: Path) -> Path:
    base, adapter = table(24, 0, 40)
    assert (
        call("run", one_task_study(tmp_path / "s", base, {"a": adapter}), "--out", tmp_path / "run").code == 0
    )
    return tmp_path / "run"


@pytest.mark.parametrize(("form", "begins"), [("card", "---\n"), ("eval-results", "- dataset:\n")])
def test_what_is_one_text_goes_to_standard_output_or_a_file(
    call: Any, run: Path, tmp_path: Path, form: str, begins: str
) -> None:
    place = ["--dataset", "math=org/data:main"] if form == "eval-results" else []
    printed = call("export", run, "--format", form, *place)
    assert (printed.code, printed.out.startswith(begins)) == (0, True)
    told = call("export", run, "--format", form, "--out", tmp_path / "x", "--json", *place)
    assert json.loads(told.out) == {"out": str(tmp_path / "x")}
    assert (tmp_path / "x").read_text() == printed.out


@pytest.mark.parametrize(("form", "files"), [("lm-eval", 4), ("every-eval-ever", 4)])
def test_what_is_many_files_goes_to_a_folder(
    call: Any, run: Path, tmp_path: Path, form: str, files: int
) -> None:
    told = json.loads(call("export", run, "--format", form, "--out", tmp_path / "out", "--json").out)
    assert (len(told["files"]), told["responses"], told["left_out"]) == (files, 80, [])
    assert all(Path(name).is_file() for name in told["files"])
    again = call("export", run, "--format", form, "--out", tmp_path / "out")
    assert again.out.split() == told["files"]


def test_parquet_counts_its_responses(call: Any, run: Path, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    out = tmp_path / "x.parquet"
    told = call("export", run, "--format", "parquet", "--out", out, "--json")
    assert json.loads(told.out) == {"out": str(out), "responses": 80}


def test_a_tracker_is_told_where_its_own_variables_say(
    call: Any, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from unittest.mock import MagicMock

    monkeypatch.setitem(sys.modules, "trackio", MagicMock())
    told = json.loads(call("export", run, "--format", "trackio", "--project", "p", "--json").out)
    assert (told["tracker"], told["place"], len(told["runs"])) == ("trackio", "the project 'p'", 2)
    assert call("export", run, "--format", "trackio").out.startswith("2 runs logged to trackio: ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--format", "parquet"], "give --out FILE"),
        (["--format", "lm-eval"], "give --out FOLDER"),
        (["--format", "eval-results"], "no task has a place on the hub"),
        (["--format", "eval-results", "--dataset", "math"], "write TASK=ORG/NAME:ID, each task once"),
        (["--format", "mlflow", "--out", "x"], "leave --out away"),
        (["--format", "card", "--subject", "x"], "no adapter 'x' in this run"),
    ],
)
def test_an_export_that_cannot_be_made_exits_with_64(
    call: Any, run: Path, arguments: list[str], message: str
) -> None:
    outcome = call("export", run, *arguments)
    assert (outcome.code, outcome.out) == (64, "")
    assert message in outcome.err


def test_export_writes_a_line_a_record(call: Any, tmp_path: Path) -> None:
    call("run", study_with(tmp_path, 60, 20), "--out", tmp_path / "run")
    call("export", tmp_path / "run", "--format", "responses", "--out", tmp_path / "out.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert len(rows) == 800
    assert rows[0] == {
        "subject": rows[0]["subject"],
        "base": "base",
        "adapter": None,
        "task": "math",
        "key": "0",
        "sample": 0,
        "prompt": "question 0",
        "response": WRONG,
    }
    assert {(row["base"], row["adapter"]) for row in rows} == {("base", None), ("base", "a")}
    assert len({row["subject"] for row in rows}) == 2
    assert call("export", tmp_path / "run").out == (tmp_path / "out.jsonl").read_text()


def test_export_to_a_file_prints_json_where_asked(call: Any, tmp_path: Path) -> None:
    run, out = tmp_path / "run", tmp_path / "out.jsonl"
    call("run", study_with(tmp_path, 60, 20), "--out", run)
    assert call("export", run, "--out", out).out == ""
    assert json.loads(call("export", run, "--out", out, "--json").out) == {"out": str(out), "responses": 800}
    assert call("export", run, "--json").out == out.read_text()


def test_export_refuses_a_run_whose_study_was_edited(call: Any, tmp_path: Path) -> None:
    call("run", study_with(tmp_path, 60, 20), "--out", tmp_path / "run")
    copy = tmp_path / "run" / "study.yaml"
    copy.write_text(copy.read_text().replace("name: a\n", "name: c\n"))
    outcome = call("export", tmp_path / "run")
    assert (outcome.code, outcome.out) == (64, "")
