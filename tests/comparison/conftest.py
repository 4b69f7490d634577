"""Runs to compare, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

import assay
from tests.studies import edit, one_task_study, table

BASE, UP = table(60, 10, 400, 200)


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A run of 400 prompts, 60 better and 10 worse, at a margin of 5 points; and its first 40 at 80 points."""
    folder = tmp_path_factory.mktemp("pair")
    for name, limit, margin in (("whole", 400, 0.05), ("part", 40, 0.8)):
        study = one_task_study(folder / "in" / name, BASE, {"a": UP}, margin=margin)
        edit(study, lambda document, limit=limit: document["tasks"][0].update(limit=limit))
        assay.run(study, folder / name)
    return folder / "whole", folder / "part"
