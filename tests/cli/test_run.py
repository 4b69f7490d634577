"""`assay run` as a user meets it."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.studies import study_with


@pytest.mark.parametrize(("better", "worse", "code"), [(60, 20, 0), (20, 60, 1), (60, 45, 2)])
def test_run_exits_with_0_and_the_gate_with_its_outcome(
    call: Any, tmp_path: Path, better: int, worse: int, code: int
) -> None:
    study, run = study_with(tmp_path, better, worse), tmp_path / "run"
    assert call("run", study, "--out", run).code == 0
    gate = call("gate", run)
    assert gate.code == code
    assert gate.out.splitlines()[-1] == f"gate: {('pass', 'fail', 'undecided')[code]}"
    assert json.loads(call("gate", run, "--json").out)["outcome"] == ("pass", "fail", "undecided")[code]


def test_run_leaves_the_files_that_were_promised(call: Any, tmp_path: Path) -> None:
    call("run", study_with(tmp_path, 60, 20), "--out", tmp_path / "run")
    left = {path.name for path in (tmp_path / "run").iterdir() if not path.name.startswith(".")}
    assert left == {"study.yaml", "records.sqlite", "verdicts.json", "report.md", "report.html"}
    assert (tmp_path / "run" / "study.yaml").read_bytes() == (tmp_path / "study.yaml").read_bytes()


def test_json_of_run_decide_and_report_is_verdicts_json(call: Any, tmp_path: Path) -> None:
    run = tmp_path / "run"
    printed = [call("run", study_with(tmp_path, 60, 20), "--out", run, "--json").out]
    printed += [call(command, run, "--json").out for command in ("decide", "report")]
    assert set(printed) == {(run / "verdicts.json").read_text()}


def test_a_terminal_of_80_columns_is_enough(call: Any, tmp_path: Path) -> None:
    out = call("run", study_with(tmp_path, 60, 20), "--out", tmp_path / "run").out
    assert max(len(line.rstrip()) for line in out.splitlines() if not line.startswith("report:")) <= 80


def limit_files() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))


@pytest.mark.slow
def test_a_full_disk_is_named_and_the_run_goes_on_once_there_is_room(tmp_path: Path) -> None:
    study, run = study_with(tmp_path, 60, 20), tmp_path / "run"
    command = [sys.executable, "-m", "assay", "run", str(study), "--out", str(run)]
    full = subprocess.run(command, preexec_fn=limit_files, capture_output=True, text=True, check=False)
    assert full.returncode == 64
    assert "Traceback" not in full.stderr
    assert "what was written before is safe" in full.stderr
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    assert json.loads((run / "verdicts.json").read_text())["claims"][0]["verdict"] == "confirmed"


def test_an_output_folder_that_nobody_can_write_is_named(call: Any, tmp_path: Path) -> None:
    outcome = call("run", study_with(tmp_path, 60, 20), "--out", "/proc/assay-run")
    assert outcome.code == 64
    assert "/proc/assay-run: cannot be made" in outcome.err
