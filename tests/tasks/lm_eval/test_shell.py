"""lm-eval's own classes, without their data."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from assay.errors import TaskError
from assay.tasks.lm_eval import lm_eval_task
from tests.tasks.lm_eval.asking import made, right


def test_a_python_class_is_refused(tmp_path: Path) -> None:
    (tmp_path / "odd.py").write_text("class Odd: ...\n")
    (tmp_path / "x.yaml").write_text("task: x\nclass: !function odd.Odd\n")
    with pytest.raises(TaskError, match="'x' is a Python class"):
        lm_eval_task("x", tmp_path)


def test_judging_needs_no_data(mine: Path, tmp_path: Path) -> None:
    task, examples = made("mc_plain", mine)
    moved = Path(shutil.copytree(mine, tmp_path / "alone"))
    (moved / "_head").write_text("dataset_path: owner/gone\ntest_split: test\n")
    alone = lm_eval_task("mc_plain", moved)()
    alone.require(examples)
    assert alone.score_answers(examples[0], right(examples[0])) == task.score_answers(
        examples[0], right(examples[0])
    )
