from __future__ import annotations

import json
from pathlib import Path

import jsonschema

import assay
from assay.report.verdict_file import schema
from tests.studies import one_task_study, table

PUBLISHED = Path(__file__).parents[2] / "docs" / "verdicts.schema.json"


def test_the_published_schema_describes_what_is_written(tmp_path: Path) -> None:
    base, adapter = table(8, 2, 30, 10)
    assay.run(one_task_study(tmp_path, base, {"a": adapter}), tmp_path / "run")
    written = json.loads((tmp_path / "run" / "verdicts.json").read_text())
    jsonschema.validate(written, json.loads(PUBLISHED.read_text()))


def test_the_published_schema_is_that_of_the_types() -> None:
    assert json.loads(PUBLISHED.read_text()) == schema()
