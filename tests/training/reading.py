"""Names of the adapters of a recipe file, and why it is refused when it is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.errors import StudyError
from assay.training import load_recipe

BASE = "owner/base"


def refusal(path: Path) -> str:
    with pytest.raises(StudyError) as told:
        load_recipe(path)
    return str(told.value)


def names(path: Path) -> list[str]:
    return [adapter.name for adapter in load_recipe(path).adapters]
