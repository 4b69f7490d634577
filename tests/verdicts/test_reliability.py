"""reliable@k counts requests whose first k wordings all pass, and its intervals count requests."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

import assay
from assay.stats import PairedGain, proportion_interval
from assay.verdicts import Result
from tests.studies import RIGHT, WRONG, jsonl, one_task_study, write_study

BASE = [[1, 1, 1], [1, 1, 0], [1, 0, 0], [0, 0, 0], [1, 1, 1], [0, 1, 1]]
ADAPTER = [[1, 1, 1], [1, 1, 1], [1, 1, 0], [0, 1, 1], [1, 0, 1], [1, 1, 1]]
"""By request: its three wordings."""


def audit(
    folder: Path, base: Sequence[Sequence[int]], adapter: Sequence[Sequence[int]], named: bool = True
) -> Result:
    sides = [[bool(passed) for wordings in side for passed in wordings] for side in (base, adapter)]
    study = one_task_study(folder, sides[0], {"a": sides[1]})
    if named:
        path = folder / "examples.jsonl"
        names = [name for name, wordings in enumerate(base) for _ in wordings]
        rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
        jsonl(path, [{**row, "cluster": name} for row, name in zip(rows, names, strict=True)])
    return assay.run(study, folder / "run")


def test_a_request_is_reliable_where_its_first_wordings_all_pass(tmp_path: Path) -> None:
    of_base, of_adapter = audit(tmp_path, BASE, ADAPTER).reliability
    assert (of_base.subject, of_base.base, of_base.metric) == ("base", None, "math.numeric_match")
    assert (of_adapter.subject, of_adapter.base) == ("a", "base")
    assert of_adapter.level == pytest.approx(0.9)
    assert [(rate.k, rate.clusters) for rate in of_base.rates] == [(1, 6), (2, 6), (3, 6)]
    assert [rate.score for rate in of_base.rates] == [4 / 6, 3 / 6, 2 / 6]
    assert [rate.score for rate in of_adapter.rates] == [5 / 6, 4 / 6, 3 / 6]
    assert [rate.gain for rate in of_adapter.rates] == pytest.approx([1 / 6] * 3)
    assert [rate.gain for rate in of_base.rates] == [None] * 3


def test_intervals_are_exact_over_requests(tmp_path: Path) -> None:
    of_base, of_adapter = audit(tmp_path, BASE, ADAPTER).reliability
    assert of_base.rates[2].interval == proportion_interval(2, 6, of_base.level)
    # At three wordings the adapter alone is reliable on requests 2 and 6, the base alone on request 5.
    assert of_adapter.rates[2].gain_interval == PairedGain(2, 1, 6).interval(of_adapter.level)


def test_more_wordings_of_the_same_requests_make_no_interval_narrower(tmp_path: Path) -> None:
    one = audit(tmp_path / "two", [[p, p] for p in (1, 1, 0, 0, 1, 0)], [[1, 1]] * 6).reliability[1].rates[-1]
    many = (
        audit(tmp_path / "ten", [[p] * 10 for p in (1, 1, 0, 0, 1, 0)], [[1] * 10] * 6)
        .reliability[1]
        .rates[-1]
    )
    assert (one.gain, one.gain_interval) == (many.gain, many.gain_interval)


def test_claims_count_requests_too(tmp_path: Path) -> None:
    (claim,) = audit(tmp_path, BASE, ADAPTER).claims
    assert claim.n == 6


def test_without_clusters_nothing_is_said(tmp_path: Path) -> None:
    result = audit(tmp_path, BASE, ADAPTER, named=False)
    assert result.reliability == ()
    assert "wordings" not in (tmp_path / "run" / "report.md").read_text(encoding="utf-8")


def test_the_reports_show_the_largest_number_of_wordings(tmp_path: Path) -> None:
    audit(tmp_path, BASE, ADAPTER)
    text = (tmp_path / "run" / "report.md").read_text(encoding="utf-8")
    assert "| base | math.numeric\\_match | .667 | 3 | 6 | .333 | [.063, .729] | - | - |" in text
    assert "| a | math.numeric\\_match | .833 | 3 | 6 | .500 | [.153, .847] | +16.7 |" in text
    assert '<section id="reliability"' in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")


def test_without_variation_between_requests_an_interval_is_no_point(tmp_path: Path) -> None:
    rows = [{"key": str(i), "question": f"question {i}", "answer": "1", "cluster": i // 2} for i in range(8)]
    jsonl(tmp_path / "examples.jsonl", rows)
    for name, text in (("base", WRONG), ("a", RIGHT)):
        answers = [{"key": row["key"], "sample": n, "response": text} for row in rows for n in (0, 1)]
        jsonl(tmp_path / f"{name}.jsonl", answers)
    study = write_study(
        tmp_path,
        {
            "name": "two-samples",
            "bases": [{"name": "base", "responses": {"math": "base.jsonl"}}],
            "adapters": [{"name": "a", "label": "numeric", "responses": {"math": "a.jsonl"}}],
            "tasks": [{"task": "numeric", "name": "math", "examples": "examples.jsonl"}],
            "decoding": {"samples": 2},
        },
    )
    of_base, of_adapter = assay.run(study, tmp_path / "run").reliability
    for found, score in ((of_base, 0.0), (of_adapter, 1.0)):
        rate = found.rates[1]
        assert (rate.clusters, rate.score) == (4, score)
        assert rate.interval[1] - rate.interval[0] > 0.3
        assert 0 <= rate.interval[0] <= score <= rate.interval[1] <= 1
