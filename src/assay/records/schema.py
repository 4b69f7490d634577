"""The layout of `records.sqlite`, and how an older layout becomes the newest.

`PRAGMA user_version` holds the number of steps that were applied to a file. To change the layout,
append a step; never edit one that was released.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

from assay.errors import RunError
from assay.records.events import events_of_facts

__all__ = ["ARRIVED_SINCE", "EVENTS_SINCE", "STEPS", "check_layout", "facts_of", "migrate"]


def facts_of(connection: sqlite3.Connection) -> dict[str, str]:
    """The facts of a run of layout 1, by name: JSON values."""
    return dict(connection.execute("SELECT name, value FROM facts"))


def _facts_to_events(connection: sqlite3.Connection) -> None:
    """Turn the facts of layout 1 into events; the time of each is not known."""
    connection.executemany(
        "INSERT INTO events (at, kind, data) VALUES ('', ?, ?)",
        [
            (kind, json.dumps(data, ensure_ascii=False))
            for kind, data in events_of_facts(facts_of(connection))
        ],
    )
    connection.execute("DROP TABLE facts")


EVENTS_SINCE = 4
"""The first layout with events in place of facts."""
ARRIVED_SINCE = 5
"""The first layout that notes when a record was kept."""
STEPS: list[str | Callable[[sqlite3.Connection], None]] = [
    """
    CREATE TABLE subjects (
        id INTEGER PRIMARY KEY,
        digest TEXT NOT NULL UNIQUE,    -- of `identity`: what answers, by content
        identity TEXT NOT NULL          -- JSON
    );
    CREATE TABLE tasks (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL,
        digest TEXT NOT NULL            -- of kind and examples
    );
    CREATE TABLE examples (
        id INTEGER PRIMARY KEY,
        task INTEGER NOT NULL REFERENCES tasks,
        position INTEGER NOT NULL,
        key TEXT NOT NULL,
        prompt TEXT NOT NULL,
        data TEXT NOT NULL,             -- JSON
        UNIQUE (task, key)
    );
    CREATE TABLE protocols (
        id INTEGER PRIMARY KEY,
        digest TEXT NOT NULL UNIQUE,
        identity TEXT NOT NULL          -- JSON: template, decoding, limits, cuts
    );
    CREATE TABLE bindings (             -- what a study's names mean now
        name TEXT NOT NULL,
        task INTEGER NOT NULL REFERENCES tasks,
        subject INTEGER NOT NULL REFERENCES subjects,
        protocol INTEGER NOT NULL REFERENCES protocols,
        PRIMARY KEY (name, task)
    );
    CREATE TABLE prompts (              -- as sent; NULL in a record means the example's own
        id INTEGER PRIMARY KEY,
        digest TEXT NOT NULL UNIQUE,
        text TEXT NOT NULL
    );
    CREATE TABLE records (
        id INTEGER PRIMARY KEY,
        subject INTEGER NOT NULL REFERENCES subjects,
        protocol INTEGER NOT NULL REFERENCES protocols,
        example INTEGER NOT NULL REFERENCES examples,
        sample INTEGER NOT NULL,
        request INTEGER NOT NULL,
        kind TEXT NOT NULL,             -- generate, loglikelihood
        prompt INTEGER REFERENCES prompts,
        text TEXT,                      -- whole; NULL where the source held none
        cut INTEGER NOT NULL,           -- characters at the start that are not judged
        tokens INTEGER,
        finish TEXT,
        logprob REAL,
        greedy INTEGER,
        UNIQUE (subject, protocol, example, sample, request)
    );
    CREATE TABLE scores (
        record INTEGER NOT NULL REFERENCES records,
        scorer TEXT NOT NULL,
        counts TEXT NOT NULL,           -- JSON: passed of each metric, then out of what
        detail TEXT NOT NULL,           -- JSON
        PRIMARY KEY (record, scorer)
    ) WITHOUT ROWID;
    CREATE TABLE claims (               -- every block that the run has seen; the last one is in force
        id INTEGER PRIMARY KEY,
        sha256 TEXT NOT NULL,
        block TEXT NOT NULL,            -- JSON
        declared_at TEXT NOT NULL,      -- UTC, ISO 8601
        records_before INTEGER NOT NULL -- how many records the run held when this was declared
    );
    CREATE TABLE facts (                -- provenance of the run: versions, settings
        name TEXT PRIMARY KEY,
        value TEXT NOT NULL             -- JSON
    );
    """,
    """
    CREATE TABLE judgements (           -- what judges answered; a later answer to a question replaces an earlier one
        digest TEXT PRIMARY KEY,        -- of judge and question
        judge TEXT NOT NULL,            -- JSON: model and settings
        question TEXT NOT NULL,         -- as sent
        answers TEXT NOT NULL,          -- JSON: raw; a second one where the first could not be read
        refused TEXT NOT NULL,          -- why there is none
        model TEXT NOT NULL,            -- who answered, by the server's own word
        answered_at TEXT NOT NULL       -- UTC, ISO 8601
    );
    """,
    """
    CREATE TABLE events (               -- append-only: what happened in the run, in order
        id INTEGER PRIMARY KEY,
        at TEXT NOT NULL,               -- UTC, ISO 8601
        kind TEXT NOT NULL,
        data TEXT NOT NULL              -- JSON
    );
    """,
    _facts_to_events,
    """
    ALTER TABLE records ADD COLUMN arrived REAL;    -- seconds since 1970, of the batch that it was kept with
    """,
    """
    CREATE TABLE partial_rows (         -- generations under way; one is deleted with the entry of its record
        subject INTEGER NOT NULL REFERENCES subjects,
        protocol INTEGER NOT NULL REFERENCES protocols,
        example INTEGER NOT NULL REFERENCES examples,
        sample INTEGER NOT NULL,
        request INTEGER NOT NULL,
        tokens BLOB NOT NULL,           -- so far, 32 bits each, little-endian; draws of sampling follow from their number
        UNIQUE (subject, protocol, example, sample, request)
    );
    """,
]


def check_layout(connection: sqlite3.Connection, path: Path) -> int:
    """The layout of a file. Raises RunError if a newer assay made it."""
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if found > len(STEPS):
        raise RunError(
            f"layout {found}, and this assay knows layouts up to {len(STEPS)}",
            place=path,
            fix="upgrade with `pip install -U lora-assay`",
        )
    return int(found)


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring the layout up to date, all steps or none. Raises RunError if a newer assay made the file."""
    found = check_layout(connection, path)
    if found == len(STEPS):
        return
    if not found and connection.execute("SELECT 1 FROM sqlite_master").fetchone():
        raise RunError("is another program's database", place=path, fix="move it away, or use another --out")
    connection.execute("BEGIN IMMEDIATE")
    try:
        for step in STEPS[found:]:
            if isinstance(step, str):
                for statement in _statements(step):
                    connection.execute(statement)
            else:
                step(connection)
        connection.execute(f"PRAGMA user_version = {len(STEPS)}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _statements(script: str) -> Iterator[str]:
    """The statements of a script, one by one: `executescript` would end the transaction."""
    statement = ""
    for piece in script.split(";")[:-1]:
        statement += f"{piece};"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
