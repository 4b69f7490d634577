"""What tests of runs share: a study of recorded responses, and a complete run of it."""

from __future__ import annotations

from pathlib import Path

import pytest

import assay
from tests.studies import one_task_study, table


@pytest.fixture
def study(tmp_path: Path) -> Path:
    base, adapter = table(60, 20, 400, 150)
    return one_task_study(tmp_path, base, {"a": adapter})


@pytest.fixture
def done(study: Path) -> Path:
    """A complete run of it."""
    assay.run(study, study.parent / "run")
    return study.parent / "run"
