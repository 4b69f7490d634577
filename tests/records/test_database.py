"""A connection to read changes no file of a run, whatever state its writer left it in."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from threading import Timer

import pytest

from assay.errors import RunError
from assay.records.database import connect, connect_to_read, explained, keep_log, sole_writer, stored


def written(folder: Path) -> Path:
    path = folder / "records.sqlite"
    with closing(connect(path)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("CREATE TABLE t (x)")
        db.execute("INSERT INTO t VALUES (1)")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.execute("INSERT INTO t VALUES (2)")
        shutil.copytree(folder, folder.parent / "killed")  # as a killed process leaves it
        db.execute("PRAGMA journal_mode = DELETE")
    return path


def rows(path: Path) -> list[int]:
    with closing(connect_to_read(path)) as db:
        return [x for (x,) in db.execute("SELECT x FROM t ORDER BY x")]


def files(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "run ?#%").mkdir()
    return written(tmp_path / "run ?#%")


def test_a_run_that_ended_is_read_as_it_is(path: Path) -> None:
    before = files(path.parent)
    assert rows(path) == [1, 2]
    assert files(path.parent) == before


def test_the_log_of_a_killed_run_is_read_and_stays(path: Path) -> None:
    killed = path.parent.parent / "killed"
    before = files(killed)
    assert "records.sqlite-wal" in before
    assert rows(killed / "records.sqlite") == [1, 2]
    assert files(killed) == before


def test_a_file_without_its_log_is_read_without_making_one(path: Path) -> None:
    killed = path.parent.parent / "killed"
    for name in ("records.sqlite-wal", "records.sqlite-shm"):
        (killed / name).unlink()
    assert rows(killed / "records.sqlite") == [1]
    assert set(files(killed)) == {"records.sqlite"}


def test_what_a_writer_commits_is_seen(path: Path) -> None:
    with closing(connect(path)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("INSERT INTO t VALUES (3)")
        assert rows(path) == [1, 2, 3]
        db.execute("INSERT INTO t VALUES (4)")
        assert rows(path) == [1, 2, 3, 4]


def test_nothing_can_be_written(path: Path) -> None:
    with closing(connect_to_read(path)) as db, pytest.raises(sqlite3.OperationalError):
        db.execute("INSERT INTO t VALUES (9)")


def test_a_second_writer_learns_who_writes_and_since_when(tmp_path: Path) -> None:
    with sole_writer(tmp_path):
        held = rf"another assay process is writing to this run: process {os.getpid()} on \S+, since \d{{4}}-.* UTC; wait"
        with pytest.raises(RunError, match=held), sole_writer(tmp_path):
            pass
    assert {path.name for path in tmp_path.iterdir()} <= {".lock"}


def test_a_lock_whose_holder_left_no_note_is_refused_too(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / ".lock", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(RunError, match="writing to this run; wait for it"), sole_writer(tmp_path):
            pass


def test_a_file_that_another_program_holds_for_a_while_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite"
    shared = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    with closing(connect(path)) as db, closing(shared) as other:
        other.execute("CREATE TABLE t (x)")
        other.execute("BEGIN IMMEDIATE")
        release = Timer(0.2, lambda: other.execute("ROLLBACK"))
        release.start()
        keep_log(db)
        release.join()
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_file_that_another_program_keeps_is_named_with_the_fix(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite"
    held = sqlite3.connect(path, isolation_level=None)
    with closing(held), closing(sqlite3.connect(path, timeout=0)) as db:
        held.execute("CREATE TABLE t (x)")
        held.execute("BEGIN EXCLUSIVE")
        with (
            pytest.raises(RunError, match="another program holds this file; close it there"),
            explained(path),
        ):
            db.execute("SELECT * FROM t")


@pytest.mark.parametrize("text", ['{"a": ', "", None, "[" * 100_000])
def test_damaged_json_is_a_damaged_file(tmp_path: Path, text: str | None) -> None:
    assert stored('{"a": [1]}') == {"a": [1]}
    with pytest.raises(RunError, match="not a usable records file"), explained(tmp_path):
        stored(text)  # type: ignore[arg-type]
