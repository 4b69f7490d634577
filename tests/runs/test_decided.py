"""A complete run opens from `verdicts.json`, and says where that is not what its study says now."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

import assay
from assay.audit import open_result
from assay.engines import Fake
from assay.errors import RunError
from assay.runs.decided import open_decided, reading, state_of
from tests.interruptions import interrupted_at
from tests.runs.generating import answer, generating
from tests.studies import edit, study_with


@pytest.fixture(scope="module")
def decided_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("decided")
    assay.run(study_with(folder / "in", 60, 10), folder / "run")
    return folder / "run"


@pytest.fixture
def run(decided_once: Path, tmp_path: Path) -> Path:
    """Of the test's own, to change as it likes."""
    return Path(shutil.copytree(decided_once, tmp_path / "run"))


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def test_opening_changes_no_file(run: Path) -> None:
    before = contents(run)
    assert open_decided(run).result == open_result(run)
    assert open_decided(run).notes == ()
    assert contents(run) == before


def test_without_its_file_findings_are_computed_and_a_note_says_so(run: Path) -> None:
    expected = open_result(run)
    (run / "verdicts.json").write_text("[]")
    opened = open_decided(run)
    assert opened.result == expected
    assert "computed from the records" in opened.notes[0]


def test_another_margin_in_the_study_is_noted(run: Path) -> None:
    edit(run / "study.yaml", lambda study: study.update(margin=0.02))
    opened = open_decided(run)
    assert "study.yaml has other claims" in opened.notes[0]
    assert opened.result.claims[0].margin == 0.05


def test_another_policy_of_the_gate_is_noted(run: Path) -> None:
    edit(run / "study.yaml", lambda study: study.update(gate={"failing": ["harmed"]}))
    assert "policy was edited" in open_decided(run).notes[0]


def test_an_older_rule_is_noted(run: Path) -> None:
    path = run / "verdicts.json"
    path.write_text(path.read_text().replace('"rule": 2', '"rule": 1'))
    assert "decided by rule 1" in open_decided(run).notes[0]


def test_an_older_verifier_is_noted_and_its_scores_count(run: Path) -> None:
    with sqlite3.connect(run / "records.sqlite") as db:
        ((scorer,),) = db.execute("SELECT DISTINCT scorer FROM scores")
        db.execute("UPDATE claims SET block = replace(block, ?, 'numeric/0/old')", (scorer,))
    db.close()
    opened = open_decided(run)
    assert opened.notes == (
        "verified by another version than this assay has: math by numeric/0/old; `assay decide` verifies again",
    )
    assert opened.plan.tasks["math"].scorer == "numeric/0/old"


@pytest.mark.parametrize("cause", [KeyboardInterrupt, RuntimeError])
def test_a_run_that_ended_early_has_its_state_and_is_refused(tmp_path: Path, cause: Any) -> None:
    say = interrupted_at(30, answer)

    def fails(request: Any) -> str:
        try:
            return say(request)
        except KeyboardInterrupt:
            raise cause("a fault") from None

    folder = tmp_path / "runs" / "x"
    with pytest.raises(cause):
        assay.run(generating(tmp_path), folder, engine=Fake(fails).preflight)
    with reading(folder) as store:
        state, reason = state_of(folder, store)
    assert (state, reason) == (("stopped", "") if cause is KeyboardInterrupt else ("failed", "a fault"))
    with pytest.raises(RunError, match="not complete"):
        open_decided(folder)
