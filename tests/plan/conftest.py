"""What tests of plans share."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.plan import Plan
from assay.runs.resolve import resolve
from tests.studies import one_task_study, table
from tests.study.conftest import folder

__all__ = ["folder", "plan"]


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    base, adapter = table(6, 2, 40, 20)
    claims = {
        "numeric": ["math.numeric_match", {"metric": "math.format_match", "kind": "keeps", "margin": 0.1}]
    }
    study = one_task_study(tmp_path, base, {"a": adapter, "b": base}, claims=claims, stop="full")
    return resolve(study)
