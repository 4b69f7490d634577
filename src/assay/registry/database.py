"""Opens a registry: a SQLite file, or a PostgreSQL database by its URL. It knows no verdict.

Several processes and machines may write; each change is one transaction, and one at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from assay.errors import AssayError, RunError
from assay.registry.tables import LAYOUT, METADATA, layout

__all__ = ["Database", "where"]

LOCK = 0x6173736179
"""Of PostgreSQL's advisory locks: `assay` as a number."""
FIX = "name a file, or a database as in `postgresql://user@host/name`"


class Database:
    """An open registry, before anything is asked of it."""

    def __init__(self, place: str, write: bool) -> None:
        """place: a file or a URL. Raises RunError where there is no registry and `write` is false, or none can be made."""
        self.url = _url(place)
        self.place = where(place)
        file = self.url.database if self.sqlite else None
        if file is not None:
            if not write and not Path(file).is_file():
                raise RunError("no registry here", place=file, fix="make one with `assay registry add RUN`")
            if write:
                _make_parent(Path(file))
        self._engine = _engine(self.url)
        try:
            with self.explained():
                if write:
                    self._prepare()
                else:
                    self._check()
        except BaseException:
            self.close()
            raise

    @property
    def sqlite(self) -> bool:
        """Whether it is a file."""
        return self.url.get_backend_name() == "sqlite"

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """One view of the registry."""
        with self.explained(), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction that no other writer overlaps; all of it is kept, or nothing."""
        with self.explained(), self._engine.connect() as plain:
            connection = plain.execution_options(assay_writes=True)
            with connection.begin():
                if not self.sqlite:
                    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
                yield connection

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn the database's own errors into one that names the registry; its password is never shown."""
        try:
            yield
        except DBAPIError as bad:
            text = str(bad.orig).strip().splitlines()[0] if bad.orig else type(bad).__name__
            raise RunError(f"the registry cannot be used: {text}", place=self.place) from bad
        except SQLAlchemyError as bad:
            raise RunError(f"the registry cannot be used: {type(bad).__name__}", place=self.place) from bad

    def _prepare(self) -> None:
        with self.writing() as connection:
            METADATA.create_all(connection)
            if connection.scalar(sa.select(layout.c.version)) is None:
                connection.execute(layout.insert().values(version=LAYOUT))
            self._same_layout(connection)

    def _check(self) -> None:
        with self.reading() as connection:
            if not sa.inspect(connection).has_table(layout.name):
                raise RunError(
                    "no registry here", place=self.place, fix="make one with `assay registry add RUN`"
                )
            self._same_layout(connection)

    def _same_layout(self, connection: sa.Connection) -> None:
        held = connection.scalar(sa.select(layout.c.version))
        if held != LAYOUT:
            text = f"a registry of layout {held}, and this assay knows layout {LAYOUT}"
            raise RunError(text, place=self.place, fix="upgrade with `pip install -U lora-assay`")


def where(place: str) -> str:
    """A registry's place for a reader, without a password."""
    return _url(place).render_as_string(hide_password=True) if "://" in place else place


def _url(place: str) -> sa.URL:
    if "://" not in place:
        return sa.URL.create("sqlite", database=str(Path(place).expanduser()))
    try:
        url = sa.make_url(place)
    except SQLAlchemyError:
        raise RunError("not the address of a database", place="--registry", fix=FIX) from None
    kind = url.get_backend_name()
    if kind == "sqlite":
        return url
    if kind not in ("postgresql", "postgres"):
        raise RunError(f"{kind} is not supported", place="--registry", fix=FIX)
    if find_spec("psycopg") is None:
        raise AssayError(
            "psycopg is not installed", fix='install it with `pip install "lora-assay[registry]"`'
        )
    return url.set(drivername="postgresql+psycopg")


def _engine(url: sa.URL) -> sa.Engine:
    if url.get_backend_name() != "sqlite":
        return sa.create_engine(url, pool_pre_ping=True)
    engine = sa.create_engine(url, connect_args={"timeout": 30})

    @sa.event.listens_for(engine, "connect")
    def plain(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # transactions begin where they are begun, not at the first change
        connection.execute("PRAGMA foreign_keys = ON")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get("assay_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _make_parent(file: Path) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as bad:
        raise RunError(
            f"cannot be made: {bad.strerror}", place=file, fix="choose another --registry"
        ) from None
