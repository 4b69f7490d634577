"""Opens `records.sqlite`: one writer at a time, and SQLite's errors with their fix. It knows no table."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from assay.errors import OutputError, RunError

__all__ = ["connect", "explained", "sole_writer"]


def connect(path: Path) -> sqlite3.Connection:
    """A connection in autocommit mode, with `judged(text, cut)`; transactions are explicit."""
    connection = sqlite3.connect(path, timeout=30, isolation_level=None)
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
                "another assay process is writing to this run",
                place=folder,
                fix="wait for it, or use another --out",
            ) from None
        yield


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn SQLite's own errors into messages that name the file and the fix."""
    try:
        yield
    except sqlite3.OperationalError as bad:
        raise OutputError(
            str(bad),
            place=path,
            fix="what was written before is safe: free some space or fix the permissions (or copy the run elsewhere), and "
            "try again",
        ) from bad
    except sqlite3.DatabaseError as bad:
        raise RunError(
            f"not a usable records file ({bad})", place=path, fix="move it away and run again"
        ) from bad
