"""What tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data beside the repository, or the one that ASSAY_SHARED names."""
    default = Path(__file__).parents[2] / "shared"
    folder = Path(os.environ.get("ASSAY_SHARED") or default)
    if not (folder / "data").is_dir():
        pytest.skip(f"no real data at {folder}; set ASSAY_SHARED to the folder that holds `data`")
    return folder
