"""Which adapters are being audited, by whom, and which were: several watchers share one list. It knows no adapter's files.

An audit is claimed before it begins, and finished in the transaction that enters its verdicts. A claim whose process has
ended, or has not been heard of for LATE seconds on another machine, is taken over.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import psutil
import sqlalchemy as sa

from assay.errors import AssayError
from assay.progress import called_every
from assay.registry.database import Database
from assay.registry.entries import RunRows
from assay.registry.index import enter
from assay.registry.tables import AUDITS

__all__ = ["Audits", "State", "Subject", "this_process"]

State = Literal["claimed", "done", "failed", "unusable"]
BEAT = 15.0
"""Seconds between signs of life."""
LATE = 120.0
"""Seconds after the last one from which the claim of another machine's process may be taken over."""


@dataclass(frozen=True, slots=True)
class Subject:
    """An adapter under a template."""

    content: str
    """Digest of the adapter's name, label and files."""
    template: str
    """Digest of the study that it is audited by."""
    name: str
    """In the study."""
    folder: str
    """Where its files are."""
    run: str
    """The folder of its run."""

    @property
    def where(self) -> list[sa.ColumnElement[bool]]:
        """The row of it."""
        return [AUDITS.c.content == self.content, AUDITS.c.template == self.template]


def this_process() -> str:
    """A name of this process that no other has: machine, number and start."""
    return f"{_machine()}/{os.getpid()}/{psutil.Process().create_time():.2f}"


class Audits:
    """The list of audits in a registry."""

    def __init__(self, database: Database, owner: str | None = None) -> None:
        self._database = database
        self._owner = owner or this_process()

    def claim(self, subject: Subject) -> State | None:
        """Claim an audit; None where it is now this process's, else why not: it is done, or another's."""
        with self._database.writing() as connection:
            held = connection.execute(sa.select(AUDITS).where(*subject.where)).mappings().one_or_none()
            row = None if held is None else dict(held)
            if row is not None and row["state"] == "done":
                return "done"
            if row is not None and row["state"] == "claimed" and self._lives(row):
                return "claimed"
            self._write(connection, subject, "claimed", "", known=row is not None)
            _forget_unusable(connection, subject)
        return None

    @contextmanager
    def beating(self, subject: Subject) -> Iterator[None]:
        """Show signs of life while the body runs."""

        def beat() -> None:
            with suppress(AssayError), self._database.writing() as connection:
                own = [*subject.where, AUDITS.c.owner == self._owner]
                connection.execute(sa.update(AUDITS).where(*own).values(beat=time.time()))

        with called_every(BEAT, beat):
            yield

    def finish(self, subject: Subject, rows: RunRows) -> bool:
        """Enter the verdicts of an audit and end its claim, both or neither; False where another process took it over."""
        with self._database.writing() as connection:
            if not self._own(connection, subject):
                return False
            enter(connection, rows)
            self._write(connection, subject, "done", "", known=True)
        return True

    def fail(self, subject: Subject, reason: str) -> None:
        """End a claim whose audit could not be made; the next watcher that starts tries again."""
        with self._database.writing() as connection:
            if self._own(connection, subject):
                self._write(connection, subject, "failed", reason, known=True)

    def refuse(self, subject: Subject, reason: str) -> None:
        """Note an adapter that cannot be audited as its files are. Its `content` is a digest of the folder's path."""
        with self._database.writing() as connection:
            held = connection.scalar(sa.select(AUDITS.c.reason).where(*subject.where))
            if held != reason:
                self._write(connection, subject, "unusable", reason, known=held is not None)

    def open_ones(self) -> list[Mapping[str, Any]]:
        """What is under way, failed or unusable, the newest first."""
        query = (
            sa.select(AUDITS).where(AUDITS.c.state != "done").order_by(AUDITS.c.updated.desc(), AUDITS.c.id)
        )
        with self._database.reading() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def _own(self, connection: sa.Connection, subject: Subject) -> bool:
        query = sa.select(AUDITS.c.owner).where(*subject.where, AUDITS.c.state == "claimed")
        return bool(connection.scalar(query) == self._owner)

    def _write(
        self, connection: sa.Connection, subject: Subject, state: State, reason: str, known: bool
    ) -> None:
        now = time.time()
        values = {"state": state, "reason": reason, "owner": self._owner, "beat": now, "updated": now}
        values |= {"name": subject.name, "folder": subject.folder, "run": subject.run}
        if known:
            connection.execute(sa.update(AUDITS).where(*subject.where).values(**values))
        else:
            own = {"content": subject.content, "template": subject.template}
            connection.execute(AUDITS.insert().values(**own, **values))

    def _lives(self, row: Mapping[str, Any]) -> bool:
        """Whether the process that claimed an audit goes on."""
        if row["owner"] == self._owner:
            return False  # of this very process: an audit that it did not end
        machine, pid, started = str(row["owner"]).rsplit("/", 2)
        if machine != _machine():
            return time.time() - float(row["beat"]) < LATE
        try:
            return bool(abs(psutil.Process(int(pid)).create_time() - float(started)) < 0.1)
        except (psutil.Error, ValueError):
            return False


def _forget_unusable(connection: sa.Connection, subject: Subject) -> None:
    own = [AUDITS.c.folder == subject.folder, AUDITS.c.template == subject.template]
    connection.execute(sa.delete(AUDITS).where(*own, AUDITS.c.state == "unusable"))


def _machine() -> str:
    """The host, and the space of process numbers in it: containers may share a host's name."""
    with suppress(OSError):
        return f"{socket.gethostname()}:{Path('/proc/self/ns/pid').readlink()}"
    return socket.gethostname()
