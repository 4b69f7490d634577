"""One task of lm-eval's: whether it can be taken, its identity, and its values."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from assay.errors import TaskError
from assay.tasks.lm_eval import lm_eval_task
from assay.tasks.task import Answer
from tests.tasks.lm_eval.asking import made, right


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("rolling", "of the whole corpus at once"),
        ("corpus", r"no metric to compare \(its metrics: bleu\)"),
        ("picture", "shows images"),
        ("code", "code that the model wrote"),
    ],
)
def test_what_cannot_be_compared_is_refused(mine: Path, name: str, told: str) -> None:
    with pytest.raises(TaskError, match=f"'{name}' .*{told}"):
        lm_eval_task(name, mine)


def test_a_metric_that_lm_eval_does_not_know_is_named(
    mine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lm_eval.api.task.get_metric", lambda *_, **__: None)  # asks the hub
    (tmp_path / "odd.yaml").write_text(
        (mine / "_head").read_text() + "task: odd\noutput_type: generate_until\ndoc_to_text: question\n"
        "doc_to_target: answer\nmetric_list: [{metric: exact_mach, aggregation: mean, higher_is_better: true}]\n"
    )
    with pytest.raises(TaskError, match=r"'odd' has the metric 'exact_mach'.*correct `metric_list`"):
        lm_eval_task("odd", tmp_path)


def test_texts_and_missing_answers_are_refused_where_log_probabilities_are_judged(mine: Path) -> None:
    task = lm_eval_task("mc_inputs", mine)()
    example = task.draw(1, 0)[0]
    with pytest.raises(TaskError, match="example '0': a text was recorded"):
        task.score_answers(example, [Answer("red"), Answer("green")])
    with pytest.raises(TaskError, match="1 answers, and it takes 2"):
        task.score_answers(example, [Answer("", -1.0, True)])
    with pytest.raises(TaskError, match="not by texts"):
        task.score(example, "red")


def test_the_likeliest_choice_is_judged_and_values_without_a_verdict_are_kept(mine: Path) -> None:
    task, examples = made("mc_plain", mine)
    score = task.score_answers(examples[0], right(examples[0]))
    assert (score.passed[0], score.out_of) == (1, (1, 1, 1))
    gold, probabilities = score.detail["values"]["none"]["brier_score"]
    assert gold == examples[0].data["doc"]["gold"]
    assert sum(probabilities) == pytest.approx(1)
    assert score.detail["chosen"] == examples[0].data["doc"]["answer"]


def test_the_scorer_changes_with_the_tasks_functions_and_filters_not_with_its_place(
    mine: Path, tmp_path: Path
) -> None:
    before = lm_eval_task("gen_share", mine)().scorer
    moved = Path(shutil.copytree(mine, tmp_path / "elsewhere"))
    assert lm_eval_task("gen_share", moved)().scorer == before
    (moved / "share.py").write_text((moved / "share.py").read_text() + "\n# mended\n")
    assert lm_eval_task("gen_share", moved)().scorer != before
    text = (moved / "gen_match.yaml").read_text()
    (moved / "gen_match.yaml").write_text(text.replace("[aeiou]", "[aeiouy]"))
    assert lm_eval_task("gen_match", moved)().scorer != lm_eval_task("gen_match", mine)().scorer
