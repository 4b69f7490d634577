from __future__ import annotations

import random
import shutil
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import TaskError
from assay.tasks.lm_eval import index, lm_eval_task
from assay.tasks.lm_eval.task import _taken, _weights
from assay.tasks.task import Answer
from tests.tasks.lm_eval.asking import asked, made, right
from tests.tasks.lm_eval.local import TESTS

STUDIES = Path(__file__).parents[3] / "studies"


def test_an_example_is_a_document_by_its_place(mine: Path) -> None:
    _, examples = made("gen_match", mine)
    assert [example.key for example in examples] == [str(i) for i in range(TESTS)]
    assert examples[3].data["doc"]["id"] == 3
    assert examples[0].prompt.startswith("Question: Which of ")
    assert examples[0].prompt.endswith("Answer:")


def test_a_limit_takes_the_first_documents_and_asks_what_is_asked_without_one(mine: Path) -> None:
    task, examples = made("gen_match", mine)
    few = lm_eval_task("gen_match", mine)()
    first = few.draw(3, 0)
    assert first == examples[:3]
    assert asked(few, first) == asked(task, examples)[:3]


def test_repeats_are_asked_apart_only_where_they_are_drawn_and_are_filtered_together(mine: Path) -> None:
    task, examples = made("votes", mine)
    assert len(asked(task, examples)[0]) == 3
    gold = examples[0].data["doc"]["answer"]
    assert task.score_answers(examples[0], [Answer("x"), Answer(gold), Answer(gold)]).passed == (1,)
    assert task.score_answers(examples[0], [Answer(gold), Answer("x"), Answer("x")]).passed == (0,)
    assert task.score_answers(examples[0], [Answer(gold)]).passed == (1,)


def test_a_groups_documents_stand_in_turn_and_a_limit_takes_them_evenly(mine: Path) -> None:
    _, examples = made("by_size", mine)
    keys = [example.key for example in examples]
    assert keys[:5] == ["mc_plain:0", "mc_inputs:0", "mc_plain:1", "mc_inputs:1", "mc_plain:2"]
    assert Counter(key.split(":")[0] for key in keys) == {"mc_plain": TESTS, "mc_inputs": 2}
    few = lm_eval_task("by_size", mine)().draw(3, 0)
    assert [example.key for example in few] == keys[:3]


@pytest.mark.parametrize(("group", "expected"), [("by_size", 2 / (TESTS + 2)), ("by_task", 1 / 2)])
def test_a_groups_figure_is_over_examples_or_over_tasks_as_the_group_says(
    mine: Path, group: str, expected: float
) -> None:
    task, examples = made(group, mine)
    wrong = [Answer("", -2.0, False)]
    scores = []
    for example in examples:
        answers = right(example)
        if example.data["task"] == "mc_plain":
            gold = example.data["doc"]["gold"]
            answers[gold] = Answer("", -9.0, False)
        scores.append(task.score_answers(example, answers or wrong))
    figure = sum(score.passed[0] for score in scores) / sum(score.out_of[0] for score in scores)
    assert figure == pytest.approx(expected, abs=1e-6)


@given(
    sizes=st.lists(st.integers(1, 60), min_size=1, max_size=9),
    limit=st.one_of(st.none(), st.integers(1, 300)),
)
def test_a_limit_is_met_and_no_task_gives_two_more_than_one_with_documents_left(
    sizes: list[int], limit: int | None
) -> None:
    named = {str(place): size for place, size in enumerate(sizes)}
    taken = _taken(named, limit)
    assert sum(taken.values()) == min(sum(sizes), limit or sum(sizes))
    most = max(taken.values())
    assert all(taken.get(name, 0) >= min(size, most - 1) for name, size in named.items())


@given(st.lists(st.integers(1, 500), min_size=1, max_size=9))
def test_tasks_weigh_the_same_whatever_their_sizes(sizes: list[int]) -> None:
    named = {str(place): size for place, size in enumerate(sizes)}
    totals = [_weights(named)[name] * size for name, size in named.items()]
    assert max(totals) == pytest.approx(min(totals), rel=1e-3)


def test_a_run_can_keep_what_a_task_is_made_of(mine: Path, tmp_path: Path) -> None:
    kind = lm_eval_task("gen_share", mine)
    assert set(kind.sources) >= {"_head", "gen_share.yaml", "share.py"}
    for name, text in kind.sources.items():
        (tmp_path / name).write_text(text)
    assert lm_eval_task("gen_share", tmp_path)().scorer == kind().scorer


def test_what_lm_eval_prints_and_draws_changes_nothing_here(
    mine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    moved = Path(shutil.copytree(mine, tmp_path / "loud"))
    (moved / "share.py").write_text(
        (moved / "share.py").read_text() + "\nimport random\nprint('loud')\nrandom.random()\n"
    )
    state = random.getstate()
    task, examples = made("gen_share", moved)
    task.score_answers(examples[0], [Answer("ab1")])
    assert random.getstate() == state
    printed = capsys.readouterr()
    assert ("loud" in printed.err, printed.out) == (True, "")


def test_a_task_is_about_what_its_metadata_says_or_itself(mine: Path, tmp_path: Path) -> None:
    assert lm_eval_task("gen_share", mine).capability == "gen_share"
    moved = Path(shutil.copytree(mine, tmp_path / "about"))
    with (moved / "gen_share.yaml").open("a") as file:
        file.write("metadata: {capability: spelling}\n")
    assert lm_eval_task("gen_share", moved).capability == "spelling"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gsm8k", "arc_easy", "race", "mmlu_pro", "bbh", "winogrande"])
def test_a_name_is_found_in_some_folders_as_in_all(name: str) -> None:
    assert index.bundled_near(name)[name].yaml_path == index.bundled()[name].yaml_path


@pytest.mark.slow
def test_a_tag_has_all_its_tasks(mine: Path) -> None:
    found = index.find("ai2_arc", mine)
    assert set(found.by_task) == {"arc_challenge", "arc_easy"}


@pytest.mark.parametrize(("name", "capability"), [("totals", "numeric"), ("keepers", "reading")])
def test_the_example_under_studies_finds_its_rows_wherever_the_command_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, capability: str
) -> None:
    monkeypatch.chdir(tmp_path)
    task, examples = made(name, STUDIES / "broader" / "lm-eval")
    assert (task.capability, len(examples)) == (capability, 80)
    assert len({example.prompt for example in examples}) == 80


def test_a_seed_and_a_file_of_examples_are_refused(mine: Path) -> None:
    task = lm_eval_task("gen_match", mine)()
    with pytest.raises(TaskError, match="`seed: 3` does nothing"):
        task.draw(None, 3)
    with pytest.raises(TaskError, match="remove `examples`"):
        task.read(mine / "x.jsonl")
