"""The data of a comparison has the fields of its schema, and no others."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema

from assay.comparison import Side, compare
from assay.comparison.document import document, schema
from assay.runs.decided import open_decided


def test_a_comparison_follows_its_schema(pair: tuple[Path, Path]) -> None:
    whole, part = (Side(open_decided(run)) for run in pair)
    for sides in ((whole, part), (whole, whole), (Side(whole.opened, "a"), Side(part.opened, "a"))):
        found = json.loads(json.dumps(document(compare(*sides))))
        jsonschema.validate(found, schema())
        assert found["changed"] == sum(finding["changed"] for finding in found["findings"])
        assert found["left"]["adapter"] == (sides[0].adapter or None)


def test_every_field_has_a_description() -> None:
    parts = schema()["$defs"].values()
    assert all(
        field.get("description") for part in (schema(), *parts) for field in part["properties"].values()
    )
