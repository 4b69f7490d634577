"""The GitHub Action: its steps run as a runner would run them, with `gh` replaced."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.often import first_often
from tests.studies import one_task_study, table

ACTION = yaml.safe_load((Path(__file__).parents[1] / "action.yml").read_text())
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"]}


def perform(
    name: str, folder: Path, inputs: dict[str, str], outcome: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run one step in bash as the runner does, with its expressions filled in."""

    def fill(expression: re.Match[str]) -> str:
        values = {f"inputs.{key}": value for key, value in inputs.items()}
        values |= {"steps.gate.outputs.outcome": outcome, "github.event.pull_request.number": "7"}
        return values[expression[1].strip()]

    environment = {
        key: re.sub(r"\$\{\{(.*?)\}\}", fill, str(value)) for key, value in STEPS[name].get("env", {}).items()
    }
    path = f"{folder / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    files = {key: str(folder / key) for key in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", STEPS[name]["run"]],
        cwd=folder,
        env={**os.environ, "PATH": path, "GITHUB_REPOSITORY": "me/mine", **files, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("better", "worse", "outcome"), first_often([(20, 60, "fail"), (60, 20, "pass"), (60, 45, "undecided")])
)
def test_the_steps_run_gate_comment_and_decide(tmp_path: Path, better: int, worse: int, outcome: str) -> None:
    base, adapter = table(better, worse, 400, 200)
    one_task_study(tmp_path, base, {"a": adapter})
    (tmp_path / "bin").mkdir()
    gh = tmp_path / "bin" / "gh"
    gh.write_text('#!/bin/sh\necho "$@" > gh.txt\n')
    gh.chmod(0o755)
    defaults = {name: str(entry.get("default", "")) for name, entry in ACTION["inputs"].items()}
    inputs = defaults | {"study": "study.yaml"}
    for name in ("Run", "Gate", "Comment"):
        step = perform(name, tmp_path, inputs, outcome)
        assert step.returncode == 0, step.stderr
    assert (tmp_path / "GITHUB_OUTPUT").read_text() == f"outcome={outcome}\n"
    summary = (tmp_path / "GITHUB_STEP_SUMMARY").read_text()
    assert summary.startswith(f"## Gate: {outcome}\n\n    {outcome}")
    assert f"    gate: {outcome}\n\n# " in summary
    assert "## Verdicts" in summary
    assert (tmp_path / "gh.txt").read_text() == (
        "pr comment 7 --repo me/mine --body-file assay-run/summary.md --edit-last --create-if-none\n"
    )
    assert "<testsuite" in (tmp_path / "assay-run" / "junit.xml").read_text()
    decided = perform("Decide", tmp_path, inputs, outcome).returncode
    tolerant = perform("Decide", tmp_path, inputs | {"undecided": "pass"}, outcome).returncode
    assert (decided, tolerant) == {"pass": (0, 0), "fail": (1, 1), "undecided": (1, 0)}[outcome]


def test_a_study_that_is_refused_fails_the_step(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text("name: nothing else")
    assert perform("Run", tmp_path, {"study": "study.yaml", "run": "r"}).returncode == 64


def test_no_step_puts_an_expression_into_its_script() -> None:
    assert not any("${{" in step["run"] for step in STEPS.values())
