"""The registry as a user has it: runs go in, pages of verdicts with filters come out. It renders nothing.

Of each claim (adapter, base, metric, kind, reference, by their names) the newest verdict is *current*; older ones are its
history. A current verdict is stale when it was measured too long ago, or decided by another version of the rules.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import sqlalchemy as sa

from assay.registry.database import Database
from assay.registry.entries import RunRows, rows_of
from assay.registry.line import Line, line
from assay.registry.tables import RUNS, VERDICTS
from assay.verdicts.rule import RULE

__all__ = ["DEFAULT", "MAX_AGE", "Facets", "Filter", "Page", "Registry", "place_of"]

DEFAULT = "runs/registry.sqlite"
VARIABLE = "ASSAY_REGISTRY"
MAX_AGE = 90.0
"""Days after which a verdict is stale, unless another number is given."""
DAY = 86400.0
CLAIM = ("adapter", "base", "metric", "kind", "against")
"""Columns that make two verdicts those of one claim."""
Freshness = Literal["", "fresh", "stale"]


def place_of(given: str | None) -> str:
    """Where the registry is: as given, or as `ASSAY_REGISTRY` says, or the default file."""
    return given or os.environ.get(VARIABLE) or DEFAULT


@dataclass(frozen=True, slots=True)
class Filter:
    """Which verdicts to show; an empty field shows all."""

    label: str = ""
    base: str = ""
    verdict: str = ""
    adapter: str = ""
    """A part of the adapter's name."""
    freshness: Freshness = ""
    max_age: float = MAX_AGE
    """In days."""
    history: bool = False
    """Also verdicts that a newer one of the same claim replaced."""


@dataclass(frozen=True, slots=True)
class Page:
    """A part of what a filter matches, the newest first."""

    rows: tuple[Mapping[str, Any], ...]
    """Columns of a verdict and of its run; `stale` says whether it is."""
    total: int
    """How many match."""


@dataclass(frozen=True, slots=True)
class Facets:
    """How many current verdicts have each value of a column."""

    label: Mapping[str, int]
    base: Mapping[str, int]
    verdict: Mapping[str, int]


class Registry:
    """An open registry."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._line: tuple[object, Line] | None = None

    @classmethod
    @contextmanager
    def open(cls, place: str, write: bool = False) -> Iterator[Self]:
        """Open the registry in a file or at a URL; with `write` it is made where there is none. Raises RunError."""
        database = Database(place, write)
        try:
            yield cls(database)
        finally:
            database.close()

    @property
    def place(self) -> str:
        """The file or the URL, without a password."""
        return self._database.place

    @property
    def database(self) -> Database:
        """What it is kept in."""
        return self._database

    # -- runs --------------------------------------------------------------------------------------------

    def add(self, folder: Path) -> int:
        """Enter a complete run, or enter it again; returns how many verdicts it has. Raises AssayError."""
        rows = rows_of(folder)
        with self._database.writing() as connection:
            enter(connection, rows)
        return len(rows.verdicts)

    # -- questions -----------------------------------------------------------------------------------------

    def page(self, chosen: Filter, start: int = 0, rows: int = 100, now: float | None = None) -> Page:
        """Part of what a filter matches. now: seconds since 1970; the present by default."""
        now = time.time() if now is None else now
        matching, stale = _matching(chosen, now), _stale(chosen.max_age, now)
        columns = [column for column in VERDICTS.c if column.name != "run"]
        of_run = [RUNS.c.study, RUNS.c.host, RUNS.c.folder, RUNS.c.version]
        query = (
            sa.select(*columns, *of_run, stale.label("stale"))
            .join(RUNS, RUNS.c.id == VERDICTS.c.run)
            .where(*matching)
            .order_by(VERDICTS.c.measured.desc(), VERDICTS.c.id.desc())
            .offset(start)
            .limit(rows)
        )
        with self._database.reading() as connection:
            total = connection.scalar(sa.select(sa.func.count()).select_from(VERDICTS).where(*matching)) or 0
            shown = [dict(row) for row in connection.execute(query).mappings()]
        return Page(tuple({**row, "stale": bool(row["stale"])} for row in shown), total)

    def facets(self) -> Facets:
        """The values to filter by, with their numbers."""
        with self._database.reading() as connection:
            return Facets(*(_counts(connection, name) for name in ("label", "base", "verdict")))

    def stale(self, max_age: float = MAX_AGE, now: float | None = None) -> int:
        """How many current verdicts are stale."""
        now = time.time() if now is None else now
        condition = [VERDICTS.c.current, _stale(max_age, now)]
        with self._database.reading() as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(VERDICTS).where(*condition)) or 0

    def line(self) -> Line:
        """What it says as a whole; computed again where a run was added, or replaced: its rows may get the numbers of old ones."""
        newest = sa.select(sa.func.max(RUNS.c.id), sa.func.count(), sa.func.sum(RUNS.c.added)).select_from(
            RUNS
        )
        values = sa.select(VERDICTS.c.p_fails, VERDICTS.c.p_holds).where(
            VERDICTS.c.current, sa.not_(VERDICTS.c.control)
        )
        with self._database.reading() as connection:
            stamp = tuple(connection.execute(newest).one())
            if self._line is None or self._line[0] != stamp:
                pairs = connection.execute(values).all()
                self._line = stamp, line([fails for fails, _ in pairs], [holds for _, holds in pairs])
        return self._line[1]


def enter(connection: sa.Connection, rows: RunRows) -> None:
    """Enter a run's rows in a transaction under way; rows of the same run are replaced."""
    earlier = connection.scalar(sa.select(RUNS.c.id).where(RUNS.c.key == rows.run["key"]))
    replaced: list[Mapping[str, Any]] = []
    if earlier is not None:
        of_run = sa.select(*(VERDICTS.c[name] for name in CLAIM)).where(VERDICTS.c.run == earlier)
        replaced = [dict(row) for row in connection.execute(of_run).mappings()]
        connection.execute(sa.delete(VERDICTS).where(VERDICTS.c.run == earlier))
        connection.execute(sa.delete(RUNS).where(RUNS.c.id == earlier))
    run = connection.execute(RUNS.insert().values(**rows.run)).inserted_primary_key
    number = run[0] if run else None
    entered = [{**row, "run": number, "current": False} for row in rows.verdicts]
    if entered:
        connection.execute(VERDICTS.insert(), entered)
    claims = {tuple(row[name] for name in CLAIM) for row in (*replaced, *rows.verdicts)}
    _mark_newest(connection, claims)


def _mark_newest(connection: sa.Connection, claims: Collection[tuple[str, ...]]) -> None:
    """Of the verdicts of each of these claims, make the newest current."""
    columns = [VERDICTS.c[name] for name in CLAIM]
    adapters = sorted({adapter for adapter, *_ in claims})
    of_claims = sa.select(VERDICTS.c.current, VERDICTS.c.measured, VERDICTS.c.id, *columns).where(
        VERDICTS.c.adapter.in_(adapters)
    )
    before: set[int] = set()
    newest: dict[tuple[str, ...], tuple[float, int]] = {}
    for current, measured, number, *names in connection.execute(of_claims):
        claim = tuple(names)
        if claim in claims:
            before |= {number} if current else set()
            newest[claim] = max(newest.get(claim, (measured, number)), (measured, number))
    after = {number for _, number in newest.values()}
    for changed, current in (
        (before - after, False),
        (after - before, True),
    ):  # few, however long the history
        connection.execute(
            sa.update(VERDICTS).where(VERDICTS.c.id.in_(sorted(changed))).values(current=current)
        )


def _matching(chosen: Filter, now: float) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = [] if chosen.history else [VERDICTS.c.current]
    named = {"label": chosen.label, "base": chosen.base, "verdict": chosen.verdict}
    conditions += [VERDICTS.c[name] == value for name, value in named.items() if value]
    if chosen.adapter:
        conditions.append(sa.func.lower(VERDICTS.c.adapter).contains(chosen.adapter.lower(), autoescape=True))
    if chosen.freshness:
        stale = _stale(chosen.max_age, now)
        conditions.append(stale if chosen.freshness == "stale" else sa.not_(stale))
    return conditions


def _stale(max_age: float, now: float) -> sa.ColumnElement[bool]:
    return sa.or_(VERDICTS.c.measured < now - max_age * DAY, VERDICTS.c.rule != RULE)


def _counts(connection: sa.Connection, name: str) -> dict[str, int]:
    column = VERDICTS.c[name]
    query = sa.select(column, sa.func.count()).where(VERDICTS.c.current).group_by(column).order_by(column)
    return {str(value): int(count) for value, count in connection.execute(query)}
