"""Documents of a task, and lm-eval's requests about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from assay.errors import EngineError, TaskError
from assay.tasks.lm_eval import lm_eval_task
from tests.tasks.lm_eval.asking import asked, made


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


def test_more_worked_examples_than_there_are_are_refused(mine: Path) -> None:
    task = lm_eval_task("gen_match", mine)()
    examples = task.draw(None, 0)
    with pytest.raises(TaskError, match="cannot write the requests of its task 'gen_match'"):
        list(task.requests(examples, None, 50))


def test_worked_examples_are_as_many_as_the_task_has_or_the_study_says(mine: Path) -> None:
    task, examples = made("gen_match", mine)
    (own,) = asked(task, examples)[0]
    assert own.prompt.count("Answer:") == 3
    (more,) = next(iter(task.requests(examples, None, 4)))
    assert more.prompt.count("Answer:") == 5
    assert asked(task, examples)[0] == (own,)


def test_a_generation_is_asked_with_the_tasks_own_ends_and_limit(mine: Path) -> None:
    task, examples = made("gen_match", mine)
    (one,) = asked(task, examples)[0]
    assert (one.stop, one.max_tokens, one.temperature) == (("\n", "Q"), 20, 0.0)


def test_a_choice_is_asked_with_its_question_and_for_mutual_information_alone(mine: Path) -> None:
    task, examples = made("mc_plain", mine)
    asks = asked(task, examples)[1]
    choices = [f" {word}" for word in examples[1].data["doc"]["choices"]]
    assert [one.continuation for one in asks] == choices * 2
    assert [bool(one.prompt) for one in asks] == [True] * 4 + [False] * 4
    assert {one.kind for one in asks} == {"loglikelihood"}


def test_where_the_choices_stand_before_the_end_each_is_a_prompt(mine: Path) -> None:
    task, examples = made("mc_inputs", mine)
    asks = asked(task, examples)[0]
    assert [one.prompt for one in asks] == examples[0].data["doc"]["options"]
    assert len({one.continuation for one in asks}) == 1


def test_turns_go_to_the_chat_template_as_lm_eval_makes_them(mine: Path) -> None:
    task, examples = made("gen_match", mine)
    seen: list[Sequence[Mapping[str, str]]] = []

    def chat(turns: Sequence[Mapping[str, str]], begun: bool) -> str:
        assert not begun
        seen.append(turns)
        return f"<{turns[-1]['content']}>"

    asks = list(task.requests(examples, chat, 2))
    assert [turn["role"] for turn in seen[0]] == ["user", "assistant", "user", "assistant", "user"]
    assert asks[0][0].prompt.startswith("<Question: ")
    share, others = made("gen_share", mine)
    list(share.requests(others, chat, 0))
    assert [turn["role"] for turn in seen[-1]] == ["system", "user"]


def test_a_template_that_fails_is_the_engines_error(mine: Path) -> None:
    task, examples = made("gen_match", mine)

    def chat(turns: Sequence[Mapping[str, str]], begun: bool) -> str:
        raise EngineError(f"{len(turns)} turns, begun: {begun}")

    with pytest.raises(EngineError, match="5 turns"):
        list(task.requests(examples, chat, 2))
