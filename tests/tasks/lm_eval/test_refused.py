from __future__ import annotations

from pathlib import Path

import pytest

from assay.errors import TaskError
from assay.tasks.lm_eval import index, lm_eval_task
from assay.tasks.task import Answer


@pytest.fixture(autouse=True)
def none_of_lm_evals(monkeypatch: pytest.MonkeyPatch) -> None:
    """The index of lm-eval's own tasks takes seconds; here it knows two."""
    monkeypatch.setattr(index, "bundled_near", lambda _: {})
    monkeypatch.setattr(index, "bundled", lambda: {"arc_easy": None, "arc_challenge": None})


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


def test_a_python_class_is_refused(tmp_path: Path) -> None:
    (tmp_path / "odd.py").write_text("class Odd: ...\n")
    (tmp_path / "x.yaml").write_text("task: x\nclass: !function odd.Odd\n")
    with pytest.raises(TaskError, match="'x' is a Python class"):
        lm_eval_task("x", tmp_path)


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


def test_generation_arguments_that_would_be_passed_over_are_refused(mine: Path) -> None:
    task = lm_eval_task("beams", mine)()
    examples = task.draw(None, 0)
    with pytest.raises(TaskError, match="'beams' generates with num_beams: 4"):
        list(task.requests(examples, None, 0))


def test_data_that_cannot_be_loaded_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(
        "task: x\ndataset_path: json\ntest_split: test\ndoc_to_text: a\ndoc_to_target: b\n"
        f"dataset_kwargs: {{data_files: {{test: {tmp_path}/gone.jsonl}}, cache_dir: {tmp_path}}}\n"
        "metric_list: [{metric: exact_match}]\n"
    )
    with pytest.raises(TaskError, match=r"the data of its task 'x' from json .*gone.jsonl.*check the file"):
        lm_eval_task("x", tmp_path)().draw(None, 0)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "doc_to_text: '{{question'\n",
            r"has the data of its task 'odd'.*TemplateSyntaxError.*correct the task's file",
        ),
        ("doc_to_text: '{{nothing}}'\n", r"has the data of its task 'odd'.*'nothing' is undefined"),
        ("doc_to_text: question\ntest_split: tset\n", r"has the data of its task 'odd'.*KeyError: 'tset'"),
    ],
)
def test_a_task_that_does_not_fit_its_data_is_told_apart_from_data_that_is_not_there(
    mine: Path, tmp_path: Path, text: str, told: str
) -> None:
    head = (mine / "_head").read_text()
    (tmp_path / "odd.yaml").write_text(
        f"{head}task: odd\noutput_type: generate_until\ndoc_to_target: answer\n"
        f"metric_list: [{{metric: exact_match, aggregation: mean, higher_is_better: true}}]\n{text}"
    )
    with pytest.raises(TaskError, match=told):
        lm_eval_task("odd", tmp_path)().draw(None, 0)


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


def test_more_worked_examples_than_there_are_are_refused(mine: Path) -> None:
    task = lm_eval_task("gen_match", mine)()
    examples = task.draw(None, 0)
    with pytest.raises(TaskError, match="cannot write the requests of its task 'gen_match'"):
        list(task.requests(examples, None, 50))


def test_a_seed_and_a_file_of_examples_are_refused(mine: Path) -> None:
    task = lm_eval_task("gen_match", mine)()
    with pytest.raises(TaskError, match="`seed: 3` does nothing"):
        task.draw(None, 3)
    with pytest.raises(TaskError, match="remove `examples`"):
        task.read(mine / "x.jsonl")


def test_texts_and_missing_answers_are_refused_where_log_probabilities_are_judged(mine: Path) -> None:
    task = lm_eval_task("mc_inputs", mine)()
    example = task.draw(1, 0)[0]
    with pytest.raises(TaskError, match="example '0': a text was recorded"):
        task.score_answers(example, [Answer("red"), Answer("green")])
    with pytest.raises(TaskError, match="1 answers, and it takes 2"):
        task.score_answers(example, [Answer("", -1.0, True)])
    with pytest.raises(TaskError, match="not by texts"):
        task.score(example, "red")
