"""Every command: exit codes, messages, and an output that nobody reads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import assay
from tests.often import first_often
from tests.studies import study_with


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "nothing.yaml"], "nothing.yaml"),
        (["run"], "Missing argument"),
        (["fly"], "No such command 'fly'"),
        (["run", "x", "--fast"], "No such option: --fast"),
        (["gate", "nowhere"], "nowhere: no run here"),
        (["decide", "nowhere"], "nowhere: no run here"),
        (["score", "maths", "r.jsonl"], "unknown task 'maths'; choose one of "),
        (["score", "numeric", "r.jsonl"], "reads its data from --examples FILE"),
        (["score", "numeric", "r.jsonl", "--mode", "lax"], "has no mode 'lax'"),
        (["export", "nowhere", "--format", "xml"], "--format xml: unknown"),
    ],
)
def test_bad_usage_exits_with_64_and_says_what(call: Any, arguments: list[str], message: str) -> None:
    outcome = call(*arguments)
    assert outcome.code == 64
    assert message in outcome.err
    assert "Traceback" not in outcome.err


def test_a_name_too_long_for_a_file_is_bad_input(call: Any) -> None:
    outcome = call("gate", "a" * 300)
    assert outcome.code == 64
    assert "File name too long; correct the path" in outcome.err
    assert "Traceback" not in outcome.err


def test_an_unforeseen_error_exits_with_70(
    call: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assay.audit.gate", lambda *_: 1 / 0)
    outcome = call("gate", tmp_path)
    assert outcome.code == 70
    assert "internal error" in outcome.err


def test_an_interrupt_exits_with_130(call: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("assay.audit.gate", interrupt)
    assert call("gate", tmp_path).code == 130


def test_control_characters_in_a_message_are_shown_not_sent(call: Any, tmp_path: Path) -> None:
    outcome = call("run", tmp_path / "a\x1b[31mb.yaml")
    assert outcome.code == 64
    assert "\x1b" not in outcome.err
    assert "\\u001b" in outcome.err


@pytest.mark.parametrize(("better", "worse", "code"), first_often([(20, 60, 1), (60, 20, 0), (60, 45, 2)]))
def test_a_gate_into_a_closed_pipe_keeps_its_exit_code(
    tmp_path: Path, better: int, worse: int, code: int
) -> None:
    assay.run(study_with(tmp_path, better, worse), tmp_path / "run")
    command = f"{sys.executable} -m assay gate {tmp_path / 'run'} | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (code, "")


@pytest.mark.slow
def test_a_closed_standard_output_keeps_the_exit_code(tmp_path: Path) -> None:
    assay.run(study_with(tmp_path, 20, 60), tmp_path / "run")
    command = f"{sys.executable} -m assay gate {tmp_path / 'run'} >&-"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")


def test_output_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    assay.run(study_with(tmp_path, 60, 20), tmp_path / "run")
    command = f"{sys.executable} -m assay gate {tmp_path / 'run'} > /dev/full"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 64
    assert done.stderr == "assay: standard output: cannot be written: No space left on device\n"
