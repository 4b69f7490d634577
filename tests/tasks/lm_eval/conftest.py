from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

ABSENT = importlib.util.find_spec("lm_eval") is None

collect_ignore_glob = ["test_[!w]*.py"] if ABSENT else []
"""`test_without_lm_eval.py` is left."""


@pytest.fixture(scope="session")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with task files of lm-eval's."""
    from tests.tasks.lm_eval.local import make_tasks

    return make_tasks(tmp_path_factory.mktemp("harness"))
