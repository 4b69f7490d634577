"""`assay tasks` as a user meets it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from assay.cli.tasks import show_tasks
from assay.tasks import TASKS

TASK = {"task": "math", "capability": "numeric", "metrics": ["match"], "data": "examples", "source": "a file"}


def test_a_task_tells_how_it_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    show_tasks([TASK | {"max_tokens": 256, "shots": 8, "stop": ["\n\nQ:", "</s>"]}])
    assert (
        r'math: max_tokens 256; without a chat template shots 8, stop "\n\nQ:", "</s>"'
        in capsys.readouterr().out
    )


def test_a_task_that_does_not_tell_has_no_such_line(capsys: pytest.CaptureFixture[str]) -> None:
    show_tasks([TASK, TASK | {"max_tokens": 64, "shots": 0, "stop": []}])
    out = capsys.readouterr().out
    assert out.count("math:") == 1
    assert "math: max_tokens 64\n" in out


def test_tasks_are_listed(call: Any) -> None:
    assert [task["task"] for task in json.loads(call("tasks", "--json").out)] == list(TASKS)
