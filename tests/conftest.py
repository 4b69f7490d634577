"""What tests share."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest
from hypothesis import settings

SHARED = Path(os.environ.get("ASSAY_SHARED") or Path(__file__).parents[2] / "shared")
"""Real data: beside the repository, or where ASSAY_SHARED says."""

# A busy machine is no reason to fail: what takes long is marked slow. The default run tries fewer examples.
settings.register_profile("assay", deadline=None, max_examples=40)
settings.register_profile("thorough", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "assay"))

ABSENT = [
    name for name in ("torch", "transformers", "peft", "accelerate") if not importlib.util.find_spec(name)
]
"""Packages without which nothing can be trained."""

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # tests run beside each other
if (SHARED / "nltk_data").is_dir():  # before nltk is imported: it reads the variable once
    os.environ.setdefault("NLTK_DATA", str(SHARED / "nltk_data"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data; skips the test where there is none."""
    if not (SHARED / "data").is_dir():
        pytest.skip(f"no real data at {SHARED}; set ASSAY_SHARED to the folder that holds `data`")
    return SHARED


@pytest.fixture(scope="session")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base of a few thousand weights."""
    import torch

    from tests.engines.torch.toys import make_toy

    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("toy") / "toy-base"
    make_toy("llama", folder, {})
    return folder
