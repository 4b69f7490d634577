from __future__ import annotations

import json
from typing import Any

import pytest

from assay.report.verdict_file import schema


@pytest.mark.parametrize(
    ("kind", "field"), [("study", "adapters"), ("recipe", "base"), ("verdicts", "claims")]
)
def test_the_schema_of_each_file_is_printed(call: Any, kind: str, field: str) -> None:
    outcome = call("schema", kind)
    document = json.loads(outcome.out)
    assert outcome.code == 0
    assert document["title"] == f"assay {kind}"
    assert document["properties"][field]["description"]


def test_the_schema_of_verdicts_is_the_published_one(call: Any) -> None:
    assert json.loads(call("schema", "verdicts").out) == schema()


def test_there_is_no_other_schema(call: Any) -> None:
    outcome = call("schema", "stud")
    assert outcome.code == 64
    assert "'study'" in outcome.err
