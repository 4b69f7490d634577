"""Instances of every_eval_ever: one response each, or a refusal that says why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assay.errors import ResponsesError
from assay.interop.importers.logs import read_log
from tests.interop.importers.writing import (
    ARGUMENTS,
    asked,
    instance,
    refused,
)
from tests.studies import RIGHT, WRONG, jsonl


def test_instances_beside_the_aggregate_of_another_model_are_refused(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "u_samples.jsonl", [instance(0, RIGHT)])
    (tmp_path / "u.json").write_text(json.dumps({"model_info": {"id": "org/b"}}))
    refused(tmp_path, asked("every-eval-ever", path, "a"), "`model_id` is 'org/a', and u.json names 'org/b'")
    for text in ("{", "[]", "[" * 100_000):
        (tmp_path / "u.json").write_text(text)
        refused(tmp_path, asked("every-eval-ever", path, "a"), "u.json: ")


def test_instances_of_several_metrics_are_one_response(tmp_path: Path) -> None:
    rows = [instance(i, RIGHT, metric) for i in range(3) for metric in ("x", "y")]
    assert len(read_log("every-eval-ever", jsonl(tmp_path / "i", rows), ARGUMENTS["a"]).rows) == 3
    rows[1] = instance(0, WRONG, "y")
    with pytest.raises(ResponsesError, match="another response or prompt of sample '0' than on line 1"):
        read_log("every-eval-ever", jsonl(tmp_path / "i", rows), ARGUMENTS["a"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_id": "org/b"}, "several of `model_id`"),
        ({"evaluation_name": "x"}, "several of `evaluation_name`"),
        ({"interaction_type": "agentic"}, "only single_turn"),
        ({"output": {"raw": "x"}}, "`output.raw` must be a list of texts"),
        ({"output": None}, "`output` must be an object"),
        ({"input": {"raw": 1}}, "`raw` must be text"),
        ({"sample_id": None}, "`sample_id` must be text"),
    ],
)
def test_instances_that_cannot_be_told_apart_or_judged_are_refused(
    change: dict[str, Any], message: str, tmp_path: Path
) -> None:
    rows = [instance(0, RIGHT), instance(1, RIGHT) | change]
    with pytest.raises(ResponsesError, match=message):
        read_log("every-eval-ever", jsonl(tmp_path / "i", rows), ARGUMENTS["a"])
