"""A finished run, for exporters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import assay
from assay.interop.exporters.finished import Finished
from assay.runs import Run
from tests.studies import one_task_study, table

N = 40


BETTER = 24


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run of an adapter that is right on 24 prompts where its base is wrong, of 40."""
    base, adapter = table(BETTER, 0, N)
    study = one_task_study(tmp_path / "study", base, {"a": adapter, "b|c": base[::-1]})
    assay.run(study, tmp_path / "run")
    return tmp_path / "run"


@pytest.fixture
def finished(folder: Path) -> Any:
    with Run.open(folder) as run:
        yield Finished(run, run.analyze())
