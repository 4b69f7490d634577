from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from assay.engines.torch import TorchEngine
    from tests.engines.torch.toys import Toy

os.environ.setdefault("HF_HUB_OFFLINE", "1")

ABSENT = [name for name in ("torch", "transformers", "peft") if importlib.util.find_spec(name) is None]

collect_ignore_glob = ["test_[!w]*.py"] if ABSENT else []
"""`test_without_torch.py` is left, and says why the others are not there."""


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Toys are too small to share; threads only wait for each other."""
    if not ABSENT:
        import torch

        torch.set_num_threads(1)


@pytest.fixture(scope="session")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    from tests.engines.torch.toys import make_toy

    return make_toy("llama", tmp_path_factory.mktemp("llama"))


@pytest.fixture
def engine(llama: Toy) -> Iterator[TorchEngine]:
    from assay.engines.torch import BatchOptions, TorchEngine

    engine = TorchEngine(llama.base, llama.adapters, BatchOptions(rows=7, tokens=120))
    yield engine
    engine.close()


@pytest.fixture
def folder(llama: Toy, tmp_path: Path) -> Path:
    """A copy of an adapter of rank 2."""
    return shutil.copytree(llama.folder / "r2", tmp_path / "r2")
