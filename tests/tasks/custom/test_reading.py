"""A task's own file is a class of task, or is refused with line and fix."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assay.errors import StudyError, TaskError
from assay.tasks import find_task
from assay.tasks.custom import read_task
from tests.tasks.custom.files import read, task_file


@pytest.mark.parametrize("text", ["", "- a\n", "hello\n"])
def test_what_is_no_mapping_is_no_task(tmp_path: Path, text: str) -> None:
    with pytest.raises(StudyError, match=r"tone\.yaml:1: a task is a mapping"):
        read(tmp_path, text)


BAD_ROWS: dict[str, tuple[Any, list[dict[str, Any]], str]] = {
    "no prompt": ("exact", [{"prompt": None, "answer": "a"}], ":1: `prompt` is None"),
    "an empty prompt": ("exact", [{"prompt": " ", "answer": "a"}], ":1: `prompt` is ' '"),
    "no answer": ("exact", [{"answer": "a"}, {}], r":2: `answer` is missing \(found: prompt\)"),
    "an empty answer": ("exact", [{"answer": ""}], ":1: `answer` is ''"),
    "an answer that is a number": ("exact", [{"answer": 1}], ":1: `answer` is 1; write a text"),
    "an answer that is no number": ("numeric", [{"answer": "one"}], ":1: `answer` is 'one', which is not a number"),
    "an answer without end": ("numeric", [{"answer": "1/3"}], "not a number"),
    "an answer of true": ("numeric", [{"answer": True}], "not a number"),
    "nothing to contain": ("contains", [{}], ":1: nothing to look for"),
    "contents of numbers": ("contains", [{"all": [1]}], r":1: `all` is \[1\]"),
    "no pattern": ("regex", [{}], ":1: `pattern` is missing"),
    "a bad pattern": ("regex", [{"pattern": "("}], ":1: `pattern` is not a valid regular expression"),
    "no schema": ("json_schema", [{}], ":1: `schema` is missing"),
    "a bad schema": ("json_schema", [{"schema": {"type": 3}}], ":1: is no JSON Schema"),
    "no points": ({"python": {"function": "check.py:judge", "out_of": "points"}}, [{"points": 0}], ":1: `points` is 0"),
    "a key twice": ("exact", [{"key": 1, "answer": "a"}, {"key": "1", "answer": "b"}], ":2: the same key as on line 1"),
    "a key that is the position of another": ("exact", [{"key": 1, "answer": "a"}, {"answer": "b"}], ":2: the same key as on line 1"),
    "a prompt twice": ("exact", [{"prompt": "p", "answer": "a"}, {"prompt": "p", "answer": "b"}], ":2: the same prompt as on line 1"),
    "a key of true": ("exact", [{"key": True, "answer": "a"}], ":1: `key` is True"),
    "no rows": ("exact", [], "no examples; one JSON object a line"),
}  # fmt: skip


@pytest.mark.parametrize(("check", "rows", "message"), BAD_ROWS.values(), ids=BAD_ROWS)
def test_a_row_that_could_not_be_judged_is_refused_by_line(
    tmp_path: Path, check: Any, rows: list[dict[str, Any]], message: str
) -> None:
    (tmp_path / "check.py").write_text("def judge(e, r): return 0\n")
    task = read_task(task_file(tmp_path, check, rows))()
    with pytest.raises(TaskError, match=rf"tone\.jsonl.*{message}"):
        task.read(tmp_path / "tone.jsonl")


def test_a_home_that_nobody_has_is_a_file_that_is_not_there(tmp_path: Path) -> None:
    task = read_task(task_file(tmp_path, "exact", prompts="~nobody-at-all/x.jsonl"))
    assert task.data == tmp_path / "~nobody-at-all/x.jsonl"
    with pytest.raises(StudyError, match="cannot be read"):
        find_task("~nobody-at-all/tone.yaml")


def test_a_file_is_known_by_its_ending_or_a_slash(tmp_path: Path) -> None:
    path = task_file(tmp_path, "exact")
    assert find_task("tone.yaml", tmp_path) is not None
    assert find_task(str(path)) is not None
    assert find_task("tone", tmp_path) is None
    assert find_task("numeric") is not None


def test_the_example_under_studies_is_a_task() -> None:
    task = read_task(Path(__file__).parents[3] / "studies" / "broader" / "paragraph.yaml")()
    assert task.data is not None
    example, *others = task.read(task.data)
    assert (task.capability, len(others)) == ("instruction", 79)
    passed = [task.score(example, text).passed for text in ("One. Two.\n", "One.\nTwo.", "")]
    assert passed == [(1,), (0,), (0,)]
