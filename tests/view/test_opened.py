"""A complete run is opened with the numbers of its flips and examples, and unchanged."""

from __future__ import annotations

from pathlib import Path

from assay.audit import open_result
from assay.view.opened import open_run
from tests.view.conftest import entry_of


def test_findings_are_those_of_the_run(runs: Path) -> None:
    opened = open_run(entry_of(runs, "two"))
    assert opened.result == open_result(runs / "two")
    assert (opened.name, opened.folder, opened.notes) == ("two", runs / "two", ())
    assert opened.examples == {"math": 200}
    assert [(c.adapter, c.fixed, c.broken) for c in opened.counts] == [("up", 60, 10), ("down", 20, 55)]
