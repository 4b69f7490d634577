"""`assay score` as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from assay.demo.synthetic import WorldLists
from tests.studies import RIGHT, WRONG, examples, jsonl


def test_score_judges_one_file(call: Any, tmp_path: Path) -> None:
    examples(tmp_path, 4)
    texts = [RIGHT, WRONG, "so it is 1", None]
    jsonl(tmp_path / "r.jsonl", ({"key": str(i), "response": text} for i, text in enumerate(texts)))
    arguments = ("score", "numeric", tmp_path / "r.jsonl", "--examples", tmp_path / "examples.jsonl")
    out = call(*arguments, "--json", "--out", tmp_path / "scores.jsonl").out
    totals = json.loads(out)
    assert (totals["numeric_match"], totals["format_match"], totals["examples"]) == (0.5, 0.25, 4)
    lines = [json.loads(line) for line in (tmp_path / "scores.jsonl").read_text().splitlines()]
    assert [(line["key"], line["flexible"], line["extracted"]) for line in lines] == [
        ("0", True, "1"),
        ("1", False, "2"),
        ("2", True, "1"),
        ("3", False, None),
    ]


def test_score_needs_no_file_where_the_task_draws_its_own_examples(call: Any, tmp_path: Path) -> None:
    drawn = WorldLists().draw(20, 7)
    jsonl(tmp_path / "r.jsonl", ({"key": one.key, "response": one.data["answer"]} for one in drawn))
    arguments = ("score", "world-lists", tmp_path / "r.jsonl", "--seed", 7, "--json")
    assert json.loads(call(*arguments, "--limit", 20).out)["exact_match"] == 1
    refused = call(*arguments)
    assert (refused.code, "no response to 280 of 300 examples" in refused.err) == (64, True)
