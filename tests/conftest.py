"""What tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("ASSAY_SHARED") or Path(__file__).parents[2] / "shared")
"""Real data: beside the repository, or where ASSAY_SHARED says."""

os.environ.setdefault("HF_HUB_OFFLINE", "1")
if (SHARED / "nltk_data").is_dir():  # before nltk is imported: it reads the variable once
    os.environ.setdefault("NLTK_DATA", str(SHARED / "nltk_data"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data; skips the test where there is none."""
    if not (SHARED / "data").is_dir():
        pytest.skip(f"no real data at {SHARED}; set ASSAY_SHARED to the folder that holds `data`")
    return SHARED
