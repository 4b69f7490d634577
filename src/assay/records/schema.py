"""The layout of `records.sqlite`, and how an older layout becomes the newest.

`PRAGMA user_version` holds the number of steps that a file has been through. To change the layout,
append a step; never edit one that was released.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from assay.errors import RunError

__all__ = ["STEPS", "migrate"]

STEPS: list[str] = [
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
]


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring the layout up to date, all steps or none. Raises RunError if a newer assay made the file."""
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if found > len(STEPS):
        raise RunError(
            f"{path}: layout {found}, and this assay knows layouts up to {len(STEPS)}; "
            f"upgrade with `pip install -U lora-assay`"
        )
    if found == len(STEPS):
        return
    if not found and connection.execute("SELECT 1 FROM sqlite_master").fetchone():
        raise RunError(f"{path}: is another program's database; move it away, or use another --out")
    steps = "\n".join(STEPS[found:])
    connection.executescript(f"BEGIN IMMEDIATE; {steps} PRAGMA user_version = {len(STEPS)}; COMMIT;")
