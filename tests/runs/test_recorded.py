"""Recorded responses of a study: the same verdict from any form of file."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

import assay
from tests.studies import one_task_study, table


def rewrite(path: Path, form: str) -> Any:
    """A file of JSON Lines in another form, and what the study says of it."""
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    if form == "json":
        path.write_text(json.dumps(rows, indent=1), encoding="utf-16")
        return path.name
    if form == "csv":
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, ["", *rows[0]])
            writer.writeheader()
            writer.writerows({"": number, **row} for number, row in enumerate(rows))
        return {"path": path.name, "format": "csv"}
    if form == "gzip":
        path.write_bytes(gzip.compress(path.read_bytes()))
        return path.name
    pandas = pytest.importorskip("pandas")
    pandas.DataFrame(rows).to_parquet(path)
    return {"path": path.name, "format": "parquet"}


@pytest.mark.parametrize("form", ["json", "csv", "gzip", "parquet"])
def test_responses_in_any_form_give_the_same_verdict(form: str, tmp_path: Path) -> None:
    base, adapter = table(24, 4, 80)
    first = assay.run(one_task_study(tmp_path / "lines", base, {"a": adapter}), tmp_path / "first")
    study = one_task_study(tmp_path / "other", base, {"a": adapter})
    document = yaml.safe_load(study.read_text())
    for subject in (*document["bases"], *document["adapters"]):
        (task,) = subject["responses"]
        subject["responses"][task] = rewrite(study.parent / str(subject["responses"][task]), form)
    study.write_text(yaml.safe_dump(document, sort_keys=False))
    second = assay.run(study, tmp_path / "second")
    assert second.claims == first.claims
