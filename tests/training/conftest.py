from __future__ import annotations

from pathlib import Path

import pytest

from assay.training import train
from tests.conftest import ABSENT
from tests.training.whole import Whole, recipe

NEED_TORCH = (
    *(
        "attention",
        "base",
        "batches",
        "lora",
        "loop",
        "manifest",
        "norm",
        "passes",
        "session",
        "study",
        "tokens",
    ),
)
collect_ignore = [f"test_{name}.py" for name in NEED_TORCH] if ABSENT else []


@pytest.fixture(scope="session")
def whole(toy: Path, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """What the recipe of two labels leaves. Nothing in its folder is changed."""
    folder = tmp_path_factory.mktemp("whole")
    path = recipe(folder, toy)
    return Whole(path, folder / "out", train(path, folder / "out"))
