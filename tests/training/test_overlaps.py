"""Prompts in the training data are counted and shown, and left out where the recipe says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assay.errors import StudyError
from assay.training.data import Learnt, Pair, Turn, read_data
from assay.training.overlaps import Compared, compare, compare_all
from assay.training.recipe import load_recipe
from assay.training.study import check_study
from tests.studies import jsonl
from tests.training.recipes import entry, write_recipe

LONG = "Natalia sold clips to 48 of her friends in April and then sold half as many in May"


def learnt(*texts: str) -> Learnt:
    pairs = tuple(
        Pair((Turn("user", text),), f"answer {number}", f"rows:{number + 1}")
        for number, text in enumerate(texts)
    )
    return Learnt(pairs, "0", ("rows",), ())


def test_prompts_and_examples_are_counted_and_the_first_is_shown() -> None:
    data = learnt("something else", f"Solve this. {LONG}.", "short one", LONG)
    left, overlaps = compare(data, {"math": [LONG, "unseen words", "Short one!"], "other": ["nothing of it"]})
    found = overlaps["math"]
    assert (found.prompts, found.repeated, found.examples, found.left_out) == (3, 2, 3, 0)
    assert found.first == 'rows:2, "natalia sold clips to 48 of her friends in april and then sold"'
    assert (overlaps["other"].repeated, overlaps["other"].first) == (0, "")
    assert left is data


def test_a_prompt_in_a_response_or_an_earlier_turn_is_found_too() -> None:
    turns = (Turn("user", LONG), Turn("assistant", "96"), Turn("user", "and now?"))
    data = Learnt((Pair(turns, "x", "a"), Pair((Turn("user", "q"),), LONG, "b")), "0", (), ())
    assert compare(data, {"math": [LONG]})[1]["math"].examples == 2


def test_what_is_left_out_is_gone_and_counted_and_the_digest_is_of_the_rest() -> None:
    data = learnt("a", LONG, "b")
    left, overlaps = compare(data, {"math": [LONG], "more": [LONG, "b"]}, ["math"])
    assert [pair.where for pair in left.pairs] == ["rows:1", "rows:3"]
    assert (overlaps["math"].repeated, overlaps["math"].left_out) == (0, 1)
    assert (overlaps["more"].repeated, overlaps["more"].left_out) == (1, 1)
    assert left.sha256 == data.without([1]).sha256 != data.without([0]).sha256


def compared(folder: Path, prompts: list[str], learned: list[str], **fields: Any) -> Compared:
    path = write_recipe(folder, "a/b", entry(**fields))
    jsonl(folder / "sums.jsonl", ({"prompt": text, "response": "#### 1"} for text in learned))
    jsonl(
        folder / "examples.jsonl",
        ({"key": str(i), "question": p, "answer": "1"} for i, p in enumerate(prompts)),
    )
    recipe = load_recipe(path)
    return compare_all(recipe, check_study(recipe, folder / "out"), [read_data(recipe, 0)])


def test_an_overlap_is_a_warning_with_the_line_of_the_data_and_the_way_out(tmp_path: Path) -> None:
    (warning,) = compared(tmp_path, [LONG, "x"], ["y", LONG]).warnings
    assert "recipe.yaml:" in warning
    assert "adapters[0].data: 1 of 2 prompts of math are in the training data" in warning
    assert "sums.jsonl:2" in warning
    assert "set `leave_out: math` to train without them" in warning


def test_left_out_there_is_less_data_and_another_warning(tmp_path: Path) -> None:
    made = compared(tmp_path, [LONG, "x"], ["y", LONG], leave_out="math")
    assert len(made.learnt[0].pairs) == 1
    (warning,) = made.warnings
    assert "adapters[0].leave_out: 1 examples that repeat a prompt of math were left out" in warning


def test_data_that_repeats_nothing_gives_no_warning(tmp_path: Path) -> None:
    assert compared(tmp_path, [LONG], ["y"]).warnings == ()


def test_data_of_which_nothing_is_left_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        StudyError, match=r"adapters\[0\].leave_out: no example is left: each repeats a prompt"
    ):
        compared(tmp_path, [LONG], [LONG], leave_out="math")


def test_a_task_that_cannot_be_read_is_named_and_nothing_can_be_left_out_for_it(tmp_path: Path) -> None:
    write_recipe(tmp_path, "a/b")
    tasks = [{"task": "numeric", "name": "math", "examples": "examples.jsonl"}]

    def made(**fields: Any) -> Compared:
        recipe = load_recipe(write_recipe(tmp_path, "a/b", entry(**fields), tasks=tasks))
        study = check_study(recipe, tmp_path / "out")
        (tmp_path / "examples.jsonl").write_text("no json\n")
        return compare_all(recipe, study, [read_data(recipe, 0)])

    (warning,) = made().warnings
    assert (
        "tasks[0]: the training data was not compared with its prompts, which cannot be read here" in warning
    )
    with pytest.raises(StudyError, match=r"adapters\[0\].leave_out: the prompts of math cannot be read here"):
        made(leave_out=["math"])


def test_a_task_that_the_recipe_file_lacks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        StudyError, match=r'adapters\[0\].leave_out: no task is called "maths"; did you mean "math"'
    ):
        load_recipe(write_recipe(tmp_path, "a/b", entry(leave_out=["maths"])))


def test_counts_are_plain_data_and_name_no_file(tmp_path: Path) -> None:
    (overlaps,) = compared(tmp_path, [LONG], [LONG]).overlaps
    text = json.dumps(overlaps["math"].counts)
    assert json.loads(text)["repeated"] == 1
    assert "sums.jsonl" not in text
