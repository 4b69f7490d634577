"""One adapter over runs: in order of time, with its base and what changed in between."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from assay.audit import open_result
from assay.view.folder import Folder
from assay.view.history import History, history


def of(runs: Path, name: str) -> History:
    return history(name, Folder(runs).runs().values())


def at(run: Path, moment: str) -> None:
    with sqlite3.connect(run / "records.sqlite") as db:
        db.execute("UPDATE events SET at = ? WHERE kind = 'analyzed'", (moment,))
    db.close()


def test_runs_come_in_the_order_in_which_they_were_decided(runs: Path) -> None:
    at(runs / "later", "2026-01-02T00:00:00+00:00")
    at(runs / "small", "2026-01-01T00:00:00+00:00")
    assert [visit.entry.name for visit in of(runs, "a").visits] == ["small", "later"]
    at(runs / "later", "2025-01-02T00:00:00+00:00")
    assert [visit.entry.name for visit in of(runs, "a").visits] == ["later", "small"]


def test_a_visit_has_the_findings_of_its_run_and_what_changed_before_it(runs: Path) -> None:
    at(runs / "later", "2026-01-02T00:00:00+00:00")
    at(runs / "small", "2026-01-01T00:00:00+00:00")
    first, second = of(runs, "a").visits
    assert first.claims == open_result(runs / "small").claims
    assert second.claims == open_result(runs / "later").claims
    assert first.changes == ()
    assert second.changes == ("the base", "the adapter's weights")  # other recorded responses


def test_gains_share_one_axis(runs: Path) -> None:
    found = of(runs, "a")
    marks = [found.mark(claim) for visit in found.visits for claim in visit.claims]
    assert all(mark is not None and mark.low < mark.at < mark.high for mark in marks)
    assert len({mark.margin for mark in marks if mark}) == 1


def test_a_run_that_cannot_be_read_is_left_out(runs: Path) -> None:
    (runs / "small" / "records.sqlite").write_bytes(b"no database at all, for sure" * 99)
    (runs / "two" / "verdicts.json").write_text("{}")
    assert [visit.entry.name for visit in of(runs, "a").visits] == ["later"]
    assert of(runs, "up").visits == ()
