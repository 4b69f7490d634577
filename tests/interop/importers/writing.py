"""Logs as other tools write them, and imports of them."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from assay.errors import AssayError
from assay.interop.importers.import_log import Import, Imported, import_log
from tests.studies import RIGHT, WRONG, examples, jsonl

N = 40


BASE, ADAPTER = [WRONG] * N, [RIGHT] * 24 + [WRONG] * 16


ARGUMENTS = {"base": "pretrained=org/base", "a": "pretrained=org/base,peft=org/a"}


def sample(i: int, text: str, sent: str = "Q: question {}\nA:", limit: int = 64) -> dict[str, Any]:
    return {
        "doc_id": i,
        "doc": {"question": f"question {i}", "answer": "1"},
        "arguments": {"gen_args_0": {"arg_0": sent.format(i), "arg_1": {"max_gen_toks": limit}}},
        "resps": [[text]],
        "filter": "none",
    }


def instance(i: int, text: str, metric: str = "math.numeric_match") -> dict[str, Any]:
    return {
        "schema_version": "0.3.0",
        "evaluation_id": "e",
        "model_id": "org/a",
        "evaluation_name": "math",
        "evaluation_result_id": metric,
        "sample_id": str(i),
        "interaction_type": "single_turn",
        "input": {"raw": f"question {i}", "formatted": f"Q: question {i}", "reference": ["1"]},
        "output": {"raw": [text]},
        "answer_attribution": [],
        "evaluation": {"score": 1.0, "is_correct": True},
    }


def written(form: str, folder: Path, name: str, texts: Sequence[str]) -> Path:
    """A log of these responses in a tool's form."""
    path = folder / f"{form}-{name}"
    if form == "lm-eval":
        path = path.with_name(f"samples_math_{name}.jsonl")
        return jsonl(path, (sample(i, text) for i, text in enumerate(texts)))
    if form == "every-eval-ever":
        return jsonl(path, (instance(i, text) for i, text in enumerate(texts)))
    if form == "jsonl":
        return jsonl(path, ({"key": str(i), "response": text} for i, text in enumerate(texts)))
    if form == "parquet":
        pandas = pytest.importorskip("pandas")
        pandas.DataFrame({"key": range(len(texts)), "response": texts}).to_parquet(path)
        return path
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["prompt", "response"])
        writer.writerows((f"question {i}", text) for i, text in enumerate(texts))
    return path


def asked(form: str, path: Path, name: str, data: Path | None = None, **fields: Any) -> Import:
    return Import(form, path, name, "numeric", ARGUMENTS.get(name), data=data, **fields)


def both(form: str, folder: Path, base: Sequence[str] = BASE, adapter: Sequence[str] = ADAPTER) -> Imported:
    data = examples(folder, N)
    import_log(asked(form, written(form, folder, "base", base), "base", data), folder / "run")
    path = written(form, folder, "a", adapter)
    return import_log(asked(form, path, "a", data, label="numeric"), folder / "run")


FORMS = ["parquet", "lm-eval", "every-eval-ever", "csv", "jsonl"]


def refused(folder: Path, what: Import, message: str) -> None:
    """An import that is refused leaves the folder as it was."""
    run = folder / "run"
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    with pytest.raises(AssayError, match=message):
        import_log(what, run)
    assert before == {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
