"""Older layouts are migrated whole or not at all; newer ones are refused."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from assay.errors import OutputError, RunError
from assay.records import Store, schema
from tests.records.stored import completion, enter


def test_a_newer_layout_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "records.sqlite") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(RunError, match="layout 99"), Store.write(tmp_path):
        pass


def test_an_older_layout_is_migrated_with_its_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.write(tmp_path) as store:
        enter(store, [completion("0", "kept")])
    step = "ALTER TABLE records ADD COLUMN seconds REAL; UPDATE records SET seconds = 1.5;"
    monkeypatch.setattr(schema, "STEPS", [*schema.STEPS, step])
    with Store.write(tmp_path) as store:
        assert [record["text"] for record in store.responses("base", "math")] == ["kept"]
    with sqlite3.connect(tmp_path / "records.sqlite") as db:
        assert db.execute("SELECT seconds FROM records").fetchall() == [(1.5,)]
    db.close()


def test_a_failing_migration_leaves_the_older_layout_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.write(tmp_path) as store:
        enter(store, [completion("0", "kept")])
    monkeypatch.setattr(
        schema, "STEPS", [*schema.STEPS, "ALTER TABLE records ADD COLUMN x; DROP TABLE absent;"]
    )
    with pytest.raises(OutputError, match="no such table"), Store.write(tmp_path):
        pass
    monkeypatch.undo()
    with Store.write(tmp_path) as store:
        assert [record["text"] for record in store.responses("base", "math")] == ["kept"]
