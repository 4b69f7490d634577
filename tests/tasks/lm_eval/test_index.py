"""A name of lm-eval's is found, or refused with what there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.errors import TaskError
from assay.tasks.lm_eval import index, lm_eval_task


@pytest.fixture(autouse=True)
def none_of_lm_evals(monkeypatch: pytest.MonkeyPatch) -> None:
    """The index of lm-eval's own tasks takes seconds; here it knows two."""
    monkeypatch.setattr(index, "bundled_near", lambda _: {})
    monkeypatch.setattr(index, "bundled", lambda: {"arc_easy": None, "arc_challenge": None})


def test_an_unknown_name_is_refused_with_its_likeness_and_what_the_folder_has(mine: Path) -> None:
    with pytest.raises(TaskError, match=r"did you mean 'mc_plain'.*that folder has beams, both"):
        lm_eval_task("mc_plan", mine)
    with pytest.raises(
        TaskError, match=r"no task or group 'arc_esy'; did you mean 'arc_easy'\?.*include_path"
    ):
        lm_eval_task("arc_esy")


def test_a_folder_without_tasks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match=r"no task of lm-eval's in it; each is a `.yaml` file"):
        lm_eval_task("x", tmp_path)
    with pytest.raises(TaskError, match="no such folder"):
        lm_eval_task("x", tmp_path / "gone")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("task: [\n")
    with pytest.raises(TaskError, match=r"broken.yaml cannot be read: ParserError"):
        lm_eval_task("x", tmp_path)


def test_a_function_that_is_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("task: x\nprocess_results: !function gone.judge\n")
    with pytest.raises(TaskError, match=r"cannot read its task 'x'.*gone"):
        lm_eval_task("x", tmp_path)


def test_a_module_that_ends_the_process_does_not(tmp_path: Path) -> None:
    (tmp_path / "rude.py").write_text("import sys\nsys.exit(1)\n")
    (tmp_path / "x.yaml").write_text("task: x\nprocess_results: !function rude.judge\n")
    with pytest.raises(TaskError, match=r"cannot read its task 'x' \(SystemExit: 1\)"):
        lm_eval_task("x", tmp_path)
