"""The check `json_schema`: JSON that a schema allows, and nothing is fetched."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import TaskError
from assay.tasks.custom.schema import Schema
from tests.tasks.custom.files import custom, scored

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


@given(st.text(max_size=200))
def test_any_text_is_json_or_gets_a_reason(response: str) -> None:
    score = Schema().judge({"schema": {}}, response)
    assert score.passed in ((0, 0), (1, 1))
    assert ("no JSON" in str(score.detail["reason"])) == (score.passed == (0, 0))


@pytest.mark.parametrize("response", ["[" * 100_000, "NaN", "[1e999, NaN]", "9" * 10_000])
def test_hostile_json_fails_and_does_not_break(tmp_path: Path, response: str) -> None:
    score = scored(tmp_path, "json_schema", {"schema": {"type": "object"}}, response)
    assert score.passed[0] == 0


def test_a_schema_may_stand_in_a_file_beside_the_tasks(tmp_path: Path) -> None:
    (tmp_path / "n.schema.json").write_text(json.dumps(SCHEMA))
    assert scored(tmp_path, {"json_schema": "n.schema.json"}, {}, '{"n": 1}').passed == (1, 1)
    (tmp_path / "n.schema.json").write_text('{"type": "nothing"}')
    with pytest.raises(
        TaskError, match=r"tone\.yaml:3: check: n\.schema\.json: is no JSON Schema \(\['type'\]: "
    ):
        scored(tmp_path, {"json_schema": "n.schema.json"}, {}, "{}")


@pytest.mark.parametrize("reference", ["https://example.org/s.json", "other.json#/a"])
def test_a_schema_that_leads_elsewhere_is_refused_and_nothing_is_fetched(
    tmp_path: Path, reference: str
) -> None:
    with pytest.raises(TaskError, match="nothing is fetched"):
        custom(tmp_path, "json_schema", {"schema": {"properties": {"a": {"$ref": reference}}}})


def test_without_jsonschema_the_message_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    with pytest.raises(TaskError, match=r"pip install 'lora-assay\[schema\]'"):
        custom(tmp_path, "json_schema", {"schema": SCHEMA})
