"""A study of one task that is refused once it is changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import assay
from assay.errors import AssayError
from tests.studies import edit, one_task_study, table


def assert_refused(
    folder: Path, change: Callable[[Any], object], error: type[AssayError], message: str
) -> None:
    """With this change the study is refused, and no run is made."""
    base, adapter = table(4, 1, 10, 5)
    study = one_task_study(folder, base, {"a": adapter})
    edit(study, change)
    with pytest.raises(error, match=message):
        assay.run(study, folder / "run")
    assert not (folder / "run").exists()
