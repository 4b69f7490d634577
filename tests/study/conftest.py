"""What tests of studies share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.study.studies import FILES


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the studies here name."""
    made = tmp_path_factory.mktemp("study")
    for name in FILES.split():
        (made / name).touch()
    (made / "b").mkdir()
    return made
