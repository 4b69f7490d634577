"""The tasks of the small world: they bring their examples, judge right and wrong, and bind to a study."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assay.demo.synthetic import draw
from assay.errors import StudyError, TaskError
from assay.runs.tasks import resolve_examples, resolve_tasks
from assay.study import Study
from assay.tasks import Example, Task, load_task

WORLD = ("world-instructions", "world-lists", "world-passages", "world-problems")


def one(kind: str) -> Task:
    return load_task(kind)()


def study(*tasks: dict[str, Any], folder: Path = Path()) -> Study:
    document = {
        "name": "small",
        "bases": [{"name": "base", "model": "owner/base"}],
        "adapters": [{"name": "mine", "label": "numeric", "path": "owner/mine"}],
        "tasks": list(tasks),
    }
    return Study.from_dict(document, folder)


def bound(*tasks: dict[str, Any], folder: Path = Path()) -> dict[str, tuple[Example, ...]]:
    loaded = study(*tasks, folder=folder)
    return resolve_examples(loaded, resolve_tasks(loaded))


@pytest.mark.parametrize("kind", WORLD)
def test_a_task_draws_three_hundred_test_prompts_or_as_many_as_asked(kind: str) -> None:
    task = one(kind)
    pairs = draw(kind.removeprefix("world-"), "test", 300)
    assert [example.prompt for example in task.draw(None, 0) or ()] == [pair.prompt for pair in pairs]
    assert task.draw(20, 0) == (task.draw(None, 0) or ())[:20]
    assert task.draw(20, 1) != task.draw(20, 0)


def test_four_capabilities_are_measured_by_distinct_primary_metrics() -> None:
    assert {kind: (load_task(kind).capability, load_task(kind).metrics[0].name) for kind in WORLD} == {
        "world-instructions": ("instruction", "prompt_strict"),
        "world-lists": ("lists", "exact_match"),
        "world-passages": ("reading", "exact_match"),
        "world-problems": ("numeric", "numeric_match"),
    }


@pytest.mark.parametrize("kind", WORLD)
def test_another_examples_response_is_mostly_wrong(kind: str) -> None:
    task, pairs = one(kind), draw(kind.removeprefix("world-"), "test", 100)
    examples = [Example(pair.key, pair.prompt, pair.data) for pair in pairs]
    swapped = [
        task.score(example, pair.response).passed[0]
        for example, pair in zip(examples, (*pairs[1:], pairs[0]), strict=True)
    ]
    assert sum(swapped) < 30
    assert not any(task.score(example, "").passed[0] for example in examples)


def test_a_list_is_right_only_as_a_whole_and_its_places_are_counted() -> None:
    task, example = one("world-lists"), Example("0", "Copy this list: a, b, c", {"answer": "a, b, c"})
    assert task.score(example, " a, b, c.\n").passed == (1, 3)
    assert task.score(example, "a, c, b").passed == (0, 1)
    assert task.score(example, "a, b, c, d").passed == (0, 3)
    assert task.score(example, "Here you are: a, b, c.").passed == (0, 2)
    assert task.score(example, "").out_of == (1, 3)


def test_a_passage_wants_the_bare_word_and_notes_where_it_is_contained() -> None:
    task, example = one("world-passages"), Example("0", "Who?", {"answer": "Ashby"})
    assert task.score(example, "Ashby.").passed == (1, 1)
    assert task.score(example, "Mira lives in Ashby.").passed == (0, 1)
    assert task.score(example, "ashby").passed == (0, 0)
    assert task.score(example, "Ashbyville").passed == (0, 0)


def test_a_problem_is_judged_by_its_last_number_and_by_its_stated_one() -> None:
    task, example = one("world-problems"), Example("0", "?", {"answer": "42", "steps": 1})
    assert task.score(example, "That makes 12 + 30 = 42 pens.\n#### 42").passed == (1, 1, 1, 1)
    assert task.score(example, "That makes 42 pens.").passed == (1, 0, 1, 0)
    assert task.score(example, "That makes 12 + 30 = 43 pens.\n#### 43").passed[:2] == (0, 0)


@pytest.mark.parametrize("kind", WORLD)
def test_a_prompt_stands_alone_under_a_chat_template_and_is_framed_without_one(kind: str) -> None:
    task, (example, *_) = one(kind), one(kind).draw(1, 0) or ()
    assert task.prompt(example, True, 0) == example.prompt
    framed = task.prompt(example, False, 0)
    assert example.prompt in framed
    assert framed != example.prompt


def test_a_study_needs_no_file_and_takes_limit_and_seed() -> None:
    found = bound(
        {"task": "world-problems", "limit": 30},
        {"task": "world-problems", "name": "again", "limit": 30, "seed": 0},
        {"task": "world-problems", "name": "other", "limit": 30, "seed": 7},
        {"task": "world-lists"},
    )
    assert [len(examples) for examples in found.values()] == [30, 30, 30, 300]
    assert found["world-problems"] == found["again"] != found["other"]


def test_a_seed_is_refused_where_nothing_is_drawn(tmp_path: Path) -> None:
    rows = [{"question": "Who?", "answer": "Mira"}, {"question": "Where?", "answer": "Ashby"}]
    (tmp_path / "mine.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "sums.jsonl").write_text('{"question": "1 + 1?", "answer": "2"}\n')
    read = bound({"task": "world-passages", "examples": "mine.jsonl"}, folder=tmp_path)
    assert [example.data for example in read["world-passages"]] == [{"answer": "Mira"}, {"answer": "Ashby"}]
    for entry in (
        {"task": "world-passages", "examples": "mine.jsonl", "seed": 1},
        {"task": "numeric", "examples": "sums.jsonl", "seed": 1},
    ):
        with pytest.raises(StudyError, match=r"a seed does nothing; remove the line"):
            bound(entry, folder=tmp_path)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ('{"question": "Who?"}\n', r"1: `answer` is missing \(found: question\); write a text"),
        ('{"question": "Who?", "answer": 3}\n', "1: `answer` is 3; write a text"),
        (
            '{"key": true, "question": "Who?", "answer": "Mira"}\n',
            "1: `key` is True; write a text or a whole",
        ),
        (
            '{"key": 1, "question": "?", "answer": "a"}\n' * 2,
            "2: the same key as on line 1 \\('1'\\); keep one, or give each",
        ),
        ("", "no examples; one JSON object a line"),
    ],
)
def test_a_file_that_cannot_be_judged_is_refused(tmp_path: Path, rows: str, message: str) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text(rows)
    with pytest.raises(TaskError, match=message):
        one("world-lists").read(path)


@pytest.mark.parametrize("kind", WORLD)
def test_longest_responses_fit_the_form(kind: str) -> None:
    # Two tokens a word, and one a digit, are more than the embedded base's tokenizer makes of them.
    for pair in draw(kind.removeprefix("world-"), "tune", 500):
        assert len(pair.response.split()) * 1.6 < load_task(kind).form.max_tokens
