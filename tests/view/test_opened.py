"""A complete run is opened with the numbers of its flips and examples, and unchanged."""

from __future__ import annotations

import json
from pathlib import Path

import assay
from assay.audit import open_result
from assay.view.flips import Filter, Flips
from assay.view.opened import open_run
from tests.studies import jsonl, one_task_study, table
from tests.view.conftest import entry_of


def test_findings_are_those_of_the_run(runs: Path) -> None:
    opened = open_run(entry_of(runs, "two"))
    assert opened.result == open_result(runs / "two")
    assert (opened.name, opened.folder, opened.notes) == ("two", runs / "two", ())
    assert opened.examples == {"math": 200}
    assert [(c.adapter, c.fixed, c.broken) for c in opened.counts] == [("up", 60, 10), ("down", 20, 55)]


def test_flips_of_wordings_of_one_request_are_counted_one_by_one(tmp_path: Path) -> None:
    base, adapter = table(30, 9, 120, 30)
    study = one_task_study(tmp_path / "in", base, {"a": adapter})
    rows = map(json.loads, (tmp_path / "in" / "examples.jsonl").read_text(encoding="utf-8").splitlines())
    jsonl(tmp_path / "in" / "examples.jsonl", [row | {"cluster": i // 3} for i, row in enumerate(rows)])
    assert assay.run(study, tmp_path / "runs" / "x").claims[0].better == 10
    flips = Flips(open_run(entry_of(tmp_path / "runs", "x")))
    assert [(count.fixed, count.broken) for count in flips.counts] == [(30, 9)]
    assert flips.page(Filter(), 35).total == 39
    assert len(flips.page(Filter(), 35).shown) == 4
