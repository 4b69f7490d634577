"""Which metrics are compared, and their values as counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.errors import TaskError
from assay.tasks.lm_eval import lm_eval_task
from assay.tasks.lm_eval.metrics import MILLION
from assay.tasks.task import Answer
from tests.tasks.lm_eval.asking import made


def test_a_group_without_a_common_metric_is_refused(mine: Path, tmp_path: Path) -> None:
    for path in mine.iterdir():
        if path.is_file():
            (tmp_path / path.name).write_text(path.read_text())
    (tmp_path / "odd.yaml").write_text("group: odd\ntask: [gen_share, mc_plain]\n")
    with pytest.raises(TaskError, match=r"no metric in common .*gen_share: letters; mc_plain: acc"):
        lm_eval_task("odd", tmp_path)


def test_a_value_beyond_1_is_refused_before_anything_is_asked(mine: Path) -> None:
    task = lm_eval_task("far", mine)()
    with pytest.raises(TaskError, match=r"example '0': lm-eval gives 7 as 'points'.*metric_list"):
        task.require(task.draw(None, 0))


def test_metrics_are_lm_evals_means_that_should_be_high_under_each_filter(mine: Path) -> None:
    names = {
        name: [metric.name for metric in lm_eval_task(name, mine).metrics]
        for name in ("gen_match", "gen_share", "mc_plain", "mc_inputs", "both")
    }
    assert names == {
        "gen_match": ["exact_match@first", "exact_match@last"],
        "gen_share": ["letters"],
        "mc_plain": ["acc", "acc_norm", "acc_mutual_info"],
        "mc_inputs": ["acc"],
        "both": ["acc"],
    }


def test_only_what_lm_eval_itself_computes_as_0_or_1_is_pass_or_fail(mine: Path) -> None:
    kinds = {name: lm_eval_task(name, mine).metrics[0].kind for name in ("mc_plain", "gen_share", "by_task")}
    assert kinds == {"mc_plain": "binary", "gen_share": "mean", "by_task": "mean"}


def test_a_share_is_counted_in_parts_of_a_million(mine: Path) -> None:
    task, examples = made("gen_share", mine)
    score = task.score_answers(examples[0], [Answer("ab1")])
    assert (score.passed, score.out_of) == ((666_667,), (MILLION,))
    assert score.detail["values"]["none"]["length"] == 3
