"""Opens `records.sqlite`: one writer at a time, and SQLite's errors with their fix. It knows no table."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assay.errors import OutputError, RunError
from assay.text import plain

__all__ = ["connect", "connect_to_read", "explained", "keep_log", "sole_writer", "stored", "whole"]

WAITING = 30.0
"""Seconds to wait for another program that holds the file."""

WRITER = ".writer"
"""Note of the process that writes to a run; of one that was killed it may be left behind."""


def connect(path: Path) -> sqlite3.Connection:
    """A connection in autocommit mode, with `judged(text, cut)`; transactions are explicit."""
    return _with_judged(sqlite3.connect(path, timeout=WAITING, isolation_level=None))


def connect_to_read(path: Path) -> sqlite3.Connection:
    """A connection that changes no file of the run, neither one that is written to now nor one that was killed.

    SQLite's log (`-wal`) of a killed run is read with its index as they are; an ordinary connection would fold the log
    into the file. A log without its index is the exception: SQLite then makes the index (`-shm`) beside it.
    """
    log, index = path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")
    if log.exists() and index.exists():
        return _opened(path, "readonly_shm=1") or _open(path, "mode=ro")
    if _keeps_log(path) and not log.exists():
        return _open(path, "immutable=1")  # SQLite would make an empty log
    return _open(path, "mode=ro")


def _opened(path: Path, option: str) -> sqlite3.Connection | None:
    """None where SQLite cannot read the log without writing to its index, as while a writer begins."""
    connection = _open(path, f"mode=ro&{option}")
    try:
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
    except sqlite3.OperationalError:
        connection.close()
        return None
    return connection


def keep_log(connection: sqlite3.Connection) -> None:
    """Have changes go to a log. Waits while another program holds the file: here SQLite itself does not."""
    end = time.monotonic() + WAITING
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as bad:
            if "locked" not in str(bad) or time.monotonic() > end:
                raise
            time.sleep(0.1)


def _open(path: Path, options: str) -> sqlite3.Connection:
    address = f"{path.absolute().as_uri()}?{options}"
    return _with_judged(sqlite3.connect(address, uri=True, timeout=WAITING, isolation_level=None))


def _keeps_log(path: Path) -> bool:
    """Whether the file's own header says that changes go to a log."""
    try:
        with path.open("rb") as file:
            return file.read(20)[18:] == b"\x02\x02"
    except OSError:
        return False


def _with_judged(connection: sqlite3.Connection) -> sqlite3.Connection:
    # SQLite's own substr() ends at a NUL.
    connection.create_function("judged", 2, lambda text, cut: (text or "")[cut:], deterministic=True)
    return connection


@contextmanager
def sole_writer(folder: Path) -> Iterator[None]:
    """Hold the run's write lock: an exclusive SQLite transaction, which ends with the process."""
    with closing(sqlite3.connect(folder / ".lock", timeout=0, isolation_level=None)) as lock:
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as bad:
            if "locked" not in str(bad):
                raise
            raise RunError(
                f"another assay process is writing to this run{_writer(folder)}",
                place=folder,
                fix="wait for it, or use another --out",
            ) from None
        since = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        with suppress(OSError):  # a full disk keeps nobody from reading what is there
            (folder / WRITER).write_text(f"process {os.getpid()} on {os.uname().nodename}, since {since}")
        try:
            yield
        finally:
            with suppress(OSError):
                (folder / WRITER).unlink()


def _writer(folder: Path) -> str:
    """Who holds the lock, by its own note: `: process 7 on host, since ...`; empty where it left none yet."""
    for _ in range(10):
        with suppress(OSError):
            if note := plain((folder / WRITER).read_text(encoding="utf-8", errors="replace")[:200]):
                return f": {note}"
        time.sleep(0.02)  # it may be about to write it
    return ""


def stored(text: str) -> Any:
    """JSON that was stored. Raises sqlite3.DatabaseError for what is none: the file is damaged."""
    with whole("JSON"):
        return json.loads(text)


@contextmanager
def whole(what: str) -> Iterator[None]:
    """Turn what a damaged row makes of the body into sqlite3.DatabaseError."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as bad:
        raise sqlite3.DatabaseError(f"damaged {what}: {type(bad).__name__} {bad}") from bad


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn SQLite's own errors into messages that name the file and the fix."""
    try:
        yield
    except sqlite3.OperationalError as bad:
        if "locked" in str(bad):
            raise RunError(
                "another program holds this file", place=path, fix="close it there, and run again"
            ) from bad
        if "Could not decode" in str(bad):
            raise _damaged(path, bad) from bad
        raise OutputError(
            str(bad),
            place=path,
            fix="what was written before is safe: free some space or fix the permissions (or copy the run elsewhere), and "
            "try again",
        ) from bad
    except (sqlite3.DatabaseError, UnicodeDecodeError) as bad:  # the second from a damaged text
        raise _damaged(path, bad) from bad


def _damaged(path: Path, bad: Exception) -> RunError:
    what = f"not a usable records file ({str(bad)[:200]})"
    return RunError(what, place=path, fix="move it away and run again")
