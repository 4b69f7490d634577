"""Binds a study's names to content: tasks to their examples, subjects and protocols to digests.

It knows no response."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from assay.errors import RunError
from assay.records.database import stored
from assay.records.events import Manifest
from assay.records.schema import STEPS
from assay.tasks import Example

__all__ = ["Bindings", "digest"]


def digest(value: object) -> str:
    """SHA-256 of a JSON value in canonical form (sorted keys, no spaces), in hexadecimal."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


class Bindings:
    """The part of an open `records.sqlite` that `Store` builds on."""

    def __init__(self, connection: sqlite3.Connection, layout: int = len(STEPS)) -> None:
        self._db = connection
        self._layout = layout
        self._folded, self._manifest = 0, Manifest()
        self._bound: dict[tuple[str, str], tuple[int, int]] = {}
        self._rows: dict[str, dict[str, tuple[int, str]]] = {}

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything written inside is kept, or nothing; a nested transaction is part of the outer one."""
        if self._db.in_transaction:
            yield
            return
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            with suppress(sqlite3.OperationalError):  # a full disk has already rolled back
                self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def bind_task(self, name: str, kind: str, examples: Sequence[Example]) -> None:
        """Enter a task's examples. Raises RunError if the run holds this task with other examples."""
        rows = [[example.key, example.prompt, dict(example.data)] for example in examples]
        sha256 = digest([kind, rows])
        known = self._db.execute("SELECT digest, id FROM tasks WHERE name = ?", (name,)).fetchone()
        if known is not None:
            if known[0] != sha256:
                (held,) = self._db.execute(
                    "SELECT count(*) FROM examples WHERE task = ?", (known[1],)
                ).fetchone()
                raise RunError(
                    f"this run measured {held} examples with sha256 {known[0][:12]}, and the study now gives "
                    f"{len(rows)} with {sha256[:12]}",
                    place=f"task {name!r}",
                    fix="give the file and the `limit` of then, or use another --out",
                )
            return
        with self.transaction():
            task = self._db.execute(
                "INSERT INTO tasks (name, kind, digest) VALUES (?, ?, ?)", (name, kind, sha256)
            ).lastrowid
            self._db.executemany(
                "INSERT INTO examples (task, position, key, prompt, data) VALUES (?, ?, ?, ?, ?)",
                (
                    (task, position, key, prompt, json.dumps(data, ensure_ascii=False))
                    for position, (key, prompt, data) in enumerate(rows)
                ),
            )

    def bind(self, name: str, task: str, identity: Mapping[str, Any], protocol: Mapping[str, Any]) -> None:
        """Bind the study's `name` on `task` to a subject under a protocol from now on."""
        self._bound.clear()
        with self.transaction():
            self._db.execute(
                "INSERT OR REPLACE INTO bindings (name, task, subject, protocol) VALUES (?, ?, ?, ?)",
                (
                    name,
                    self._task(task),
                    self._entity("subjects", identity),
                    self._entity("protocols", protocol),
                ),
            )

    def unbind(self) -> None:
        """Remove all bindings, so that a subject that left the study is no longer read. Records stay."""
        self._bound.clear()
        self._db.execute("DELETE FROM bindings")

    def _entity(self, table: str, identity: Mapping[str, Any]) -> int:
        """Row of a subject or protocol by the digest of its identity, entered if new."""
        sha256 = digest(identity)
        self._db.execute(
            f"INSERT OR IGNORE INTO {table} (digest, identity) VALUES (?, ?)",
            (sha256, json.dumps(identity, sort_keys=True, ensure_ascii=False)),
        )
        (row,) = self._db.execute(f"SELECT id FROM {table} WHERE digest = ?", (sha256,)).fetchone()
        return int(row)

    def _task(self, name: str) -> int:
        row = self._db.execute("SELECT id FROM tasks WHERE name = ?", (name,)).fetchone()
        if row is None:
            raise RunError(f"task {name!r} is not in this run", fix="run the study again")
        return int(row[0])

    def _binding(self, name: str, task: str) -> tuple[int, int] | None:
        """(subject, protocol) rows of a name on a task."""
        if (name, task) not in self._bound:
            row = self._db.execute(
                "SELECT subject, protocol FROM bindings WHERE name = ? AND task = ?", (name, self._task(task))
            ).fetchone()
            if row is None:
                return None
            self._bound[name, task] = row
        return self._bound[name, task]

    def counterpart(self, name: str, base: str, task: str) -> str | None:
        """Name under which a base has records on `task` with the protocol of `name`; None if it has none."""
        mine = self._binding(name, task)
        if mine is None:
            return None
        row = self._db.execute(
            "SELECT name FROM bindings WHERE task = ? AND protocol = ? AND (name = ? OR substr(name, 1, ?) = ?) "
            "ORDER BY name",
            (self._task(task), mine[1], base, len(base) + 1, f"{base}/"),
        ).fetchone()
        return None if row is None else str(row[0])

    def _example(self, task: str, key: str) -> tuple[int, str]:
        """(row, prompt) of an example."""
        if task not in self._rows:
            self._rows[task] = {
                found: (row, prompt)
                for row, found, prompt in self._db.execute(
                    "SELECT id, key, prompt FROM examples WHERE task = ?", (self._task(task),)
                )
            }
        return self._rows[task][key]

    def examples(self, task: str) -> tuple[Example, ...]:
        """A task's examples, in file order."""
        return tuple(
            Example(key, prompt, stored(data))
            for key, prompt, data in self._db.execute(
                "SELECT key, prompt, data FROM examples WHERE task = ? ORDER BY position", (self._task(task),)
            )
        )

    def bound(self) -> list[tuple[str, str]]:
        """(name, task) of every binding of the study's names."""
        return self._db.execute(
            "SELECT b.name, t.name FROM bindings b JOIN tasks t ON t.id = b.task ORDER BY b.rowid"
        ).fetchall()

    def subject(self, name: str, task: str) -> str:
        """Digest of the subject that a name is bound to on a task."""
        bound = self._binding(name, task)
        if bound is None:
            raise RunError(f"{name!r} has no responses to {task!r} in this run")
        (sha256,) = self._db.execute("SELECT digest FROM subjects WHERE id = ?", (bound[0],)).fetchone()
        return str(sha256)

    def protocol(self, name: str, task: str) -> dict[str, Any]:
        """Protocol of a name on a task; empty where it has none."""
        row = self._db.execute(
            "SELECT p.identity FROM bindings b JOIN protocols p ON p.id = b.protocol "
            "WHERE b.name = ? AND b.task = ?",
            (name, self._task(task)),
        ).fetchone()
        return dict(stored(row[0])) if row else {}

    def content(self, name: str, task: str) -> str | None:
        """Digests of the subject and protocol that a name is bound to on a task; None where it is not bound."""
        row = self._db.execute(
            "SELECT s.digest || ' ' || p.digest FROM bindings b JOIN subjects s ON s.id = b.subject "
            "JOIN protocols p ON p.id = b.protocol WHERE b.name = ? AND b.task = ?",
            (name, self._task(task)),
        ).fetchone()
        return None if row is None else str(row[0])
