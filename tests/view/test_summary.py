"""The list's line on a run is what its reports and its gate say."""

from __future__ import annotations

from pathlib import Path

from assay.audit import gate
from assay.view.opened import open_run
from assay.view.summary import Summaries
from tests.studies import edit
from tests.view.conftest import entry_of


def test_a_complete_run_has_its_verdicts_and_its_gate(runs: Path) -> None:
    summary = Summaries().of(entry_of(runs, "two"))
    assert (summary.state, summary.study) == ("complete", "small")
    assert {entry.word: entry.count for entry in summary.tally} == {"confirmed": 1, "harmed": 1}
    assert summary.gate == gate(runs / "two").outcome == "fail"
    assert (summary.adapters, summary.bases) == (("up", "down"), ("base",))


def test_a_gate_that_was_edited_since_has_no_outcome(runs: Path) -> None:
    edit(runs / "two" / "study.yaml", lambda study: study.update(gate={"drift_budget": 0.1}))
    assert Summaries().of(entry_of(runs, "two")).gate is None
    assert "policy was edited" in open_run(entry_of(runs, "two")).notes[0]


def test_a_run_that_cannot_be_read_says_why(runs: Path) -> None:
    (runs / "two" / "records.sqlite").write_bytes(b"no database at all, for sure" * 99)
    summary = Summaries().of(entry_of(runs, "two"))
    assert summary.state is None
    assert "not a usable records file" in summary.reason


def test_a_summary_is_kept_until_the_run_changes(runs: Path) -> None:
    summaries, entry = Summaries(), entry_of(runs, "two")
    first = summaries.of(entry)
    assert summaries.of(entry) is first
    (runs / "two" / "verdicts.json").unlink()
    assert summaries.of(entry).tally == ()
