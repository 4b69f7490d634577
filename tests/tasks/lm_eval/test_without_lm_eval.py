from __future__ import annotations

import sys

import pytest

from assay.errors import TaskError
from assay.tasks.lm_eval import index, lm_eval_task
from tests.test_flow import loaded_by


def test_without_lm_eval_the_message_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "find_spec", lambda _: None)
    with pytest.raises(TaskError, match=r"pip install 'lora-assay\[harness\]'"):
        lm_eval_task("arc_easy")


def test_tasks_are_imported_without_lm_eval() -> None:
    assert "lm_eval" not in loaded_by("import assay.tasks.lm_eval")
    assert "assay.tasks.lm_eval" in sys.modules
