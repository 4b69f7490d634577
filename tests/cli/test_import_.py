"""`assay import` as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.studies import RIGHT, WRONG, examples, jsonl


def test_logs_are_imported_run_and_decided(call: Any, tmp_path: Path) -> None:
    data, run = examples(tmp_path, 40), tmp_path / "run"
    texts = {"base": [WRONG] * 40, "a": [RIGHT] * 24 + [WRONG] * 16}
    for name, own in texts.items():
        jsonl(tmp_path / f"{name}.jsonl", ({"key": str(i), "response": text} for i, text in enumerate(own)))
    common = ["--format", "jsonl", "--out", run, "--task", "numeric", "--data", data]
    first = call("import", tmp_path / "base.jsonl", "--as", "base", "--model-args", "pretrained=b", *common)
    assert (first.code, "import an adapter's log" in first.out) == (0, True)
    mine = ["--as", "a", "--label", "numeric", "--model-args", "pretrained=b,peft=x", "--json"]
    told = json.loads(call("import", tmp_path / "a.jsonl", *mine, *common).out)
    assert (told["responses"], told["adapter"], told["study"]) == (
        40,
        "x",
        str(run / "imported" / "study.yaml"),
    )
    assert call("run", told["study"], "--out", run).code == 0
    assert call("gate", run).code == 0


@pytest.mark.parametrize(
    ("form", "message"),
    [
        (["--format", "xml"], "format 'xml': unknown"),
        (["--format", "csv"], "no such file"),
        ([], "--format: missing; write lm-eval, "),
    ],
)
def test_an_import_of_what_is_not_there_exits_with_64(
    call: Any, tmp_path: Path, form: list[str], message: str
) -> None:
    outcome = call("import", tmp_path / "x", *form, "--out", tmp_path / "r", "--as", "a", "--task", "numeric")
    assert (outcome.code, message in outcome.err) == (64, True)
    assert not (tmp_path / "r").exists()


def test_the_format_may_be_written_before_the_log_as_it_was(call: Any, tmp_path: Path) -> None:
    data, log = (
        examples(tmp_path, 4),
        jsonl(tmp_path / "b.jsonl", [{"key": str(i), "response": RIGHT} for i in range(4)]),
    )
    rest = ("--as", "base", "--task", "numeric", "--data", data, "--model-args", "pretrained=b")
    old = call("import", "jsonl", log, "--into", tmp_path / "old", *rest, "--json")
    new = call("import", log, "--format", "jsonl", "--out", tmp_path / "new", *rest, "--json")
    assert (old.code, old.out) == (0, new.out)
    assert f"assay: note: `assay import jsonl {log}` is now `assay import {log} --format jsonl`" in old.err
    assert "assay: note: --into is now --out" in old.err
    assert new.err == ""
    assert call("import", "jsonl", log, "--format", "csv", "--out", tmp_path / "x", *rest).code == 64
