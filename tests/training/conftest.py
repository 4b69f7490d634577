from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

ABSENT = [
    name for name in ("torch", "transformers", "peft", "accelerate") if not importlib.util.find_spec(name)
]

collect_ignore = ["test_tokens.py", "test_trained.py", "test_resumed.py", "test_refused.py"] if ABSENT else []


@pytest.fixture(scope="session")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base of a few thousand weights."""
    import torch

    from tests.engines.torch.toys import make_toy

    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("toy") / "toy-base"
    make_toy("llama", folder, {})
    return folder
