"""The commands as a user meets them: output, exit codes, messages."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import assay
from assay.demo.synthetic import WorldLists
from assay.tasks import TASKS
from tests.often import first_often
from tests.studies import RIGHT, WRONG, examples, jsonl, one_task_study, table


def study_with(folder: Path, better: int, worse: int) -> Path:
    base, adapter = table(better, worse, 400, 200)
    return one_task_study(folder, base, {"a": adapter})


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


def test_score_judges_one_file(call: Any, tmp_path: Path) -> None:
    examples(tmp_path, 4)
    texts = [RIGHT, WRONG, "so it is 1", None]
    jsonl(tmp_path / "r.jsonl", ({"key": str(i), "response": text} for i, text in enumerate(texts)))
    arguments = ("score", "numeric", tmp_path / "r.jsonl", "--examples", tmp_path / "examples.jsonl")
    out = call(*arguments, "--json", "--out", tmp_path / "scores.jsonl").out
    totals = json.loads(out)
    assert (totals["numeric_match"], totals["format_match"], totals["examples"]) == (0.5, 0.25, 4)
    lines = [json.loads(line) for line in (tmp_path / "scores.jsonl").read_text().splitlines()]
    assert [(line["key"], line["flexible"], line["extracted"]) for line in lines] == [
        ("0", True, "1"),
        ("1", False, "2"),
        ("2", True, "1"),
        ("3", False, None),
    ]


def test_score_needs_no_file_where_the_task_draws_its_own_examples(call: Any, tmp_path: Path) -> None:
    drawn = WorldLists().draw(20, 7)
    jsonl(tmp_path / "r.jsonl", ({"key": one.key, "response": one.data["answer"]} for one in drawn))
    arguments = ("score", "world-lists", tmp_path / "r.jsonl", "--seed", 7, "--json")
    assert json.loads(call(*arguments, "--limit", 20).out)["exact_match"] == 1
    refused = call(*arguments)
    assert (refused.code, "no response to 280 of 300 examples" in refused.err) == (64, True)


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


@pytest.mark.slow
def test_published_figures_show_both_drifts_and_claim_nothing(call: Any, tmp_path: Path) -> None:
    out = call("demo", "--published", "--out", tmp_path / "demo").out
    assert "+0.606" in out
    assert "+0.541" in out
    assert "28, 56, 84, 112" in " ".join(out.split())
    assert json.loads((tmp_path / "demo" / "verdicts.json").read_text())["counts"]["verdicts"] == {
        "not measured": 2
    }


def test_tasks_are_listed(call: Any) -> None:
    assert [task["task"] for task in json.loads(call("tasks", "--json").out)] == list(TASKS)


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
