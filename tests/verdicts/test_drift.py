"""Drift counts evidence once: metrics of one task, and tasks over the same prompts, are averaged prompt by prompt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import assay
from assay.verdicts.result import DriftResult
from tests.studies import examples, jsonl, responses, table, write_study

N = 300
TARGET, AWAY = table(20, 50, N, 150), table(60, 20, N, 150)


def drifts(
    folder: Path, off_target: list[str], prompts: str = "away", **fields: Any
) -> dict[str, DriftResult]:
    """Drift of one adapter by variant; `away` and `also` are off target, both answered alike."""
    examples(folder, N)
    for name in ("away", "also"):
        rows = ({"key": str(i), "question": f"{prompts} {i}", "answer": "1"} for i in range(N))
        jsonl(folder / f"{name}.jsonl", rows)
        prompts = prompts if prompts == "away" else f"{prompts} more"
    sides = {"base": 0, "a": 1}
    given = {
        name: {
            "math": responses(folder / f"{name}-math.jsonl", TARGET[side]),
            "away": responses(folder / f"{name}-away.jsonl", AWAY[side]),
            "also": responses(folder / f"{name}-also.jsonl", AWAY[side]),
        }
        for name, side in sides.items()
    }
    document = {
        "name": "drift",
        "bases": [{"name": "base", "responses": given["base"]}],
        "adapters": [{"name": "a", "label": "numeric", "responses": given["a"]}],
        "tasks": [
            {"task": "numeric", "name": "math", "examples": "examples.jsonl"},
            {"task": "numeric", "name": "away", "examples": "away.jsonl"},
            {"task": "numeric", "name": "also", "examples": "also.jsonl"},
        ],
        "claims": {"numeric": ["math.numeric_match"]},
        "off_target": off_target,
        **fields,
    }
    result = assay.run(write_study(folder, document), folder / "run")
    return {drift.variant: drift for drift in result.drift}


def test_a_metric_that_repeats_another_narrows_no_interval(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    single = drifts(one, ["away.numeric_match"])["gap"]
    double = drifts(two, ["away.numeric_match", "away.format_match"])["gap"]
    assert double.value == pytest.approx(single.value)
    assert double.interval == pytest.approx(single.interval)
    assert double.off_target == ("away.numeric_match", "away.format_match")


def test_tasks_over_the_same_prompts_are_one(tmp_path: Path) -> None:
    same, other, one = (tmp_path / name for name in ("same", "other", "one"))
    for folder in (same, other, one):
        folder.mkdir()
    both = ["away.numeric_match", "also.numeric_match"]
    single = drifts(one, both[:1])["gap"].interval
    assert drifts(same, both)["gap"].interval == pytest.approx(single)
    low, high = drifts(other, both, prompts="others")["gap"].interval or (0.0, 0.0)
    assert single is not None
    assert single[0] < low < high < single[1]  # prompts of their own are evidence of their own


def test_each_variant_speaks_of_all_its_metrics(tmp_path: Path) -> None:
    found = drifts(tmp_path, ["away.numeric_match", "away.format_match"])
    assert set(found) == {"gap", "gap_max", "excess"}
    for drift in found.values():
        assert drift.off_target_gain == pytest.approx(40 / N)
        assert drift.min_off_target_gain == pytest.approx(40 / N)
        assert drift.target_gain == pytest.approx(-30 / N)
    assert found["gap_max"].interval is None
