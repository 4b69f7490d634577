"""Registries in a SQLite file and in a PostgreSQL database: each test of one is a test of both."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy", reason="the extra `registry` is not installed")

import sqlalchemy as sa

from assay.registry.index import Registry
from tests.registry.postgres import server
from tests.runs.conftest import done, study

__all__ = ["done", "study"]

NUMBERS = count()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a server."""
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    with server() as address:
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A registry's place, where there is none yet."""
    if request.param == "sqlite":
        return str(tmp_path / "registry.sqlite")
    address: str = request.getfixturevalue("postgres")
    name = f"registry{next(NUMBERS)}"
    driver = address.replace("postgresql://", "postgresql+psycopg://")
    engine = sa.create_engine(f"{driver}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return f"{address}/{name}"


@pytest.fixture
def registry(place: str) -> Iterator[Registry]:
    with Registry.open(place, write=True) as opened:
        yield opened
