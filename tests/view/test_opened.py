"""A complete run opens from `verdicts.json`, and says where that is not what its study says now."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

import assay
from assay.audit import open_result
from assay.engines import Fake
from assay.view.opened import open_run, reading, state_of
from tests.interruptions import interrupted_at
from tests.runs.generating import answer, generating
from tests.studies import edit
from tests.view.conftest import entry_of


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def test_findings_are_those_of_the_run(runs: Path) -> None:
    opened = open_run(entry_of(runs, "two"))
    assert opened.result == open_result(runs / "two")
    assert opened.notes == ()
    assert opened.examples == {"math": 200}
    assert [(c.adapter, c.fixed, c.broken) for c in opened.counts] == [("up", 60, 10), ("down", 20, 55)]


def test_opening_changes_no_file(runs: Path) -> None:
    before = contents(runs)
    open_run(entry_of(runs, "two"))
    assert contents(runs) == before


def test_without_its_file_findings_are_computed_and_the_reader_is_told(runs: Path) -> None:
    (runs / "two" / "verdicts.json").write_text("[]")
    opened = open_run(entry_of(runs, "two"))
    assert opened.result == open_result(runs / "two")
    assert "computed from the records" in opened.notes[0]


def test_another_margin_in_the_study_is_told(runs: Path) -> None:
    edit(runs / "two" / "study.yaml", lambda study: study.update(margin=0.02))
    opened = open_run(entry_of(runs, "two"))
    assert "study.yaml has other claims" in opened.notes[0]
    assert opened.result.claims[0].margin == 0.05


def test_an_older_rule_is_told(runs: Path) -> None:
    path = runs / "two" / "verdicts.json"
    path.write_text(path.read_text().replace('"rule": 2', '"rule": 1'))
    assert "decided by rule 1" in open_run(entry_of(runs, "two")).notes[0]


def test_an_older_verifier_is_told_and_its_scores_are_those_that_count(runs: Path) -> None:
    with sqlite3.connect(runs / "two" / "records.sqlite") as db:
        ((scorer,),) = db.execute("SELECT DISTINCT scorer FROM scores")
        db.execute("UPDATE claims SET block = replace(block, ?, 'numeric/0/old')", (scorer,))
    db.close()
    opened = open_run(entry_of(runs, "two"))
    assert opened.notes == (
        "verified by another version than this assay has: math by numeric/0/old; `assay decide` verifies again",
    )
    assert opened.plan.tasks["math"].scorer == "numeric/0/old"


@pytest.mark.parametrize("cause", [KeyboardInterrupt, RuntimeError])
def test_the_state_of_a_run_that_ended_early_is_told(tmp_path: Path, cause: Any) -> None:
    say = interrupted_at(30, answer)

    def fails(request: Any) -> str:
        try:
            return say(request)
        except KeyboardInterrupt:
            raise cause("a fault") from None

    with pytest.raises(cause):
        assay.run(generating(tmp_path), tmp_path / "runs" / "x", engine=Fake(fails).preflight)
    entry = entry_of(tmp_path / "runs", "x")
    with reading(entry) as store:
        state, reason = state_of(entry, store)
    assert (state, reason) == (("stopped", "") if cause is KeyboardInterrupt else ("failed", "a fault"))
