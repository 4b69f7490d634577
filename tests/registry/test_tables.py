"""The layout is written down: a change of a column is a new layout."""

from __future__ import annotations

import hashlib

from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from assay.registry.tables import LAYOUT, METADATA

EXPECTED = {1: "5801627e14f57bf3"}


def test_a_changed_table_is_a_new_layout() -> None:
    text = "".join(
        str(CreateTable(table).compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]
        for table in METADATA.sorted_tables
    )
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == EXPECTED[LAYOUT]
