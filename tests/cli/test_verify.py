"""`assay verify` says what was altered, and its exit code does too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.evidence.audited import change_evidence, change_records, make_audited


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    return make_audited(tmp_path)


def test_what_was_not_altered_exits_0_and_says_what_was_checked(
    call: Any, evidence: Path, tmp_path: Path
) -> None:
    outcome = call("verify", evidence, "--run", tmp_path / "run", "--adapter", tmp_path / "sums")
    assert outcome.code == 0
    assert (
        outcome.out == f"{evidence}: nothing was altered (checked: the file, its run, the adapter's files)\n"
    )
    data = json.loads(call("verify", evidence, "--json").out)
    assert data == {"verified": True, "checked": ["file"], "differences": []}


def test_what_was_altered_exits_1_and_is_named(call: Any, evidence: Path, tmp_path: Path) -> None:
    change_records(tmp_path, "UPDATE records SET text = '#### 1' WHERE text = '#### 2' AND id < 30")
    outcome = call("verify", evidence, "--run", tmp_path / "run")
    assert outcome.code == 1
    assert f"{evidence}: responses: base on math: the responses changed" in outcome.out


def test_json_has_a_part_and_a_message_for_each_difference(call: Any, evidence: Path) -> None:
    change_evidence(evidence, lambda data: data["finding"].update(verdict="no gain"))
    outcome = call("verify", evidence, "--json")
    assert outcome.code == 1
    (difference,) = json.loads(outcome.out)["differences"]
    assert difference["part"] == "verdict"
    assert "says confirmed" in difference["message"]


def test_a_missing_file_or_run_exits_64(call: Any, evidence: Path, tmp_path: Path) -> None:
    assert call("verify", tmp_path / "nowhere.json").code == 64
    assert call("verify", evidence, "--run", tmp_path / "nowhere").code == 64
    assert call("verify", evidence, "--adapter", tmp_path / "nowhere").code == 64
