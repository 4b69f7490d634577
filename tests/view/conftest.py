"""A folder of runs, and the view of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

import assay
from assay.view.app import application
from assay.view.folder import Entry, Folder
from tests.studies import one_task_study, study_with, table


def several(folder: Path) -> Path:
    """Complete runs `small` and `later`, of one adapter `a`, and `two`, of `up` and `down`."""
    base, up = table(60, 10, 200, 60)
    _, down = table(5, 40, 200, 60)
    assay.run(one_task_study(folder / "in" / "two", base, {"up": up, "down": down}), folder / "runs" / "two")
    for name, better in (("small", 60), ("later", 30)):
        source = folder / "in" / name
        assay.run(study_with(source, better, 10), folder / "runs" / name)
    return folder / "runs"


@pytest.fixture(scope="session")
def runs_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return several(tmp_path_factory.mktemp("view"))


@pytest.fixture
def runs(runs_once: Path, tmp_path: Path) -> Path:
    """Of the test's own, to change as it likes."""
    return Path(shutil.copytree(runs_once, tmp_path / "runs"))


@pytest.fixture
def client(runs: Path) -> Iterator[TestClient]:
    """A browser without scripts."""
    with TestClient(application(runs), base_url="http://127.0.0.1:8765") as made:
        yield made


def entry_of(folder: Path, key: str) -> Entry:
    return Folder(folder).runs()[key]
