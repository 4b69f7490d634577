"""Transactions: all of a change is kept or nothing, and a newer layout is refused. On SQLite and on PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from assay.errors import RunError
from assay.registry.database import Database, where
from assay.registry.tables import LAYOUT, RUNS, layout
from tests.registry.generated import run


def count(database: Database) -> int:
    with database.reading() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(RUNS)) or 0


def test_a_change_that_fails_leaves_nothing(place: str) -> None:
    database = Database(place, write=True)

    def interrupted() -> None:
        with database.writing() as connection:
            connection.execute(RUNS.insert().values(**run("one").run))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert count(database) == 0
    with database.writing() as connection:
        connection.execute(RUNS.insert().values(**run("one").run))
    assert count(database) == 1
    database.close()


def test_opening_again_changes_nothing(place: str) -> None:
    for _ in range(2):
        database = Database(place, write=True)
        with database.reading() as connection:
            assert connection.scalars(sa.select(layout.c.version)).all() == [LAYOUT]
        database.close()


def test_a_newer_layout_is_refused(place: str) -> None:
    database = Database(place, write=True)
    with database.writing() as connection:
        connection.execute(sa.update(layout).values(version=LAYOUT + 1))
    database.close()
    for write in (False, True):
        with pytest.raises(RunError, match="upgrade with"):
            Database(place, write)


def test_a_broken_rule_of_the_tables_is_an_error_of_the_registry(place: str) -> None:
    database = Database(place, write=True)
    with pytest.raises(RunError, match="the registry cannot be used"), database.writing() as connection:
        connection.execute(RUNS.insert(), [dict(run("one").run), dict(run("one").run)])
    assert count(database) == 0
    database.close()


def test_a_folder_is_made_for_a_new_file(tmp_path: Path) -> None:
    Database(str(tmp_path / "deep" / "er" / "registry.sqlite"), write=True).close()
    assert (tmp_path / "deep" / "er" / "registry.sqlite").is_file()


def test_a_password_is_hidden() -> None:
    assert where("postgresql://me:secret@host/team") == "postgresql+psycopg://me:***@host/team"
    assert where("runs/registry.sqlite") == "runs/registry.sqlite"
