"""A task's own file is a class of task, or is refused with line and fix."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assay.errors import StudyError, TaskError
from assay.tasks import find_task
from assay.tasks.custom import read_task
from tests.studies import jsonl
from tests.tasks.custom.files import custom, task_file

VALID = """\
capability: support
prompts: tone.jsonl
check:
  exact:
    ignore: [case]
metric: right
max_tokens: 64
stop: ["\\n"]
plain: "Q: {prompt}\\nA:"
shots:
  - {prompt: 1 + 1, response: "2"}
  - {prompt: 2 + 2, response: "4"}
"""


def read(folder: Path, text: str) -> Any:
    path = folder / "tone.yaml"
    path.write_text(text, encoding="utf-8")
    (folder / "check.py").write_text("def judge(e, r): return True\n")
    (folder / "bad.json").write_text("{")
    return read_task(path)


def test_every_field_has_its_effect(tmp_path: Path) -> None:
    task = read(tmp_path, VALID)("tone")
    assert (task.kind, task.name, task.capability, task.data_field) == ("own", "tone", "support", "prompts")
    assert [metric.name for metric in task.metrics] == ["right"]
    assert (task.form.max_tokens, task.form.stop, task.form.shots, task.form.most_shots) == (
        64,
        ("\n",),
        2,
        2,
    )
    assert task.data == tmp_path / "tone.jsonl"


def test_two_files_make_two_tasks(tmp_path: Path) -> None:
    first = read(tmp_path, VALID)
    second = read(tmp_path, "capability: law\nprompts: x.jsonl\ncheck: exact\n")
    assert (first.capability, second.capability) == ("support", "law")
    assert (first.form.max_tokens, second.form.max_tokens) == (64, 1024)


def test_a_prompt_is_sent_alone_or_in_the_words_of_the_file(tmp_path: Path) -> None:
    task = read(tmp_path, VALID)()
    jsonl(tmp_path / "one.jsonl", [{"prompt": "3 + 3", "answer": "6"}])
    (example,) = task.read(tmp_path / "one.jsonl")
    assert task.prompt(example, chat=True, shots=0) == "3 + 3"
    assert task.prompt(example, chat=False, shots=2) == "Q: 1 + 1\nA: 2\n\nQ: 2 + 2\nA: 4\n\nQ: 3 + 3\nA:"


def test_braces_in_a_prompt_stay(tmp_path: Path) -> None:
    task, example = custom(tmp_path, "exact", {"prompt": "{x} {prompt}", "answer": "1"})
    assert task.prompt(example, chat=False, shots=0) == "{x} {prompt}\n"


REFUSED = {
    "an unknown field": ("metric: right", "metrics: right", "6: metrics", 'did you mean "metric"'),
    "no check": ("check:\n  exact:\n    ignore: [case]\n", "", "1: check", "missing; add it"),
    "no capability": ("capability: support\n", "", "1: capability", "missing; add it"),
    "no prompts": ("prompts: tone.jsonl\n", "", "1: prompts", "missing; add it"),
    "an unknown check": ("  exact:", "  exakt:", "3: check", 'no check "exakt"; did you mean "exact"?'),
    "two checks": ("  exact:", "  numeric:\n  exact:", "3: check", "one kind of check is expected"),
    "an unknown option": ("    ignore: [case]", "    ignor: [case]", "5: check.exact.ignor", 'mean "ignore"'),
    "an unknown thing to ignore": ("[case]", "[cases]", "5: check.exact.ignore[0]", 'did you mean "case"'),
    "a bad pattern": ("  exact:\n    ignore: [case]", "  regex: '('", "4: check.regex", "no regular expression"),
    "a bad pattern as an option": ("  exact:\n    ignore: [case]", "  regex:\n    pattern: '('", "5: check.regex.pattern", "no regular"),
    "a function that is none": ("  exact:\n    ignore: [case]", "  python: check.py", "4: check.python", "write `check.py:judge`"),
    "a function in another folder": ("  exact:\n    ignore: [case]", "  python: ../check.py:judge", "4: check.python", "beside this one"),
    "a function's file that is not there": ("  exact:\n    ignore: [case]", "  python: no.py:judge", "4: check.python", "no.py: cannot be read"),
    "no function": ("  exact:\n    ignore: [case]", "  python: {out_of: 3}", "4: check.python.function", "missing"),
    "points out of nothing": ("  exact:\n    ignore: [case]", "  python: {function: 'check.py:judge', out_of: 0}", "4: check.python.out_of", "above 0"),
    "a schema that is not there": ("  exact:\n    ignore: [case]", "  json_schema: no.json", "4: check.json_schema", "cannot be read"),
    "a schema that is no JSON": ("  exact:\n    ignore: [case]", "  json_schema: bad.json", "4: check.json_schema", "not JSON"),
    "a schema in another folder": ("  exact:\n    ignore: [case]", "  json_schema: a/b.json", "4: check.json_schema", "keep the file beside"),
    "a tolerance below 0": ("  exact:\n    ignore: [case]", "  numeric: {tolerance: -1}", "4: check.numeric.tolerance", "at least 0"),
    "a metric with a point": ("metric: right", "metric: a.b", "6: metric", "without a point"),
    "a metric's name that is taken": ("metric: right", "metric: found", "6: metric", "cannot name a metric"),
    "no tokens": ("max_tokens: 64", "max_tokens: 0", "7: max_tokens", "more than 0"),
    "an empty stop": ('["\\n"]', '[""]', "8: stop[0]", "empty"),
    "words without the prompt": ("Q: {prompt}", "Q: prompt", "9: plain", "`{prompt}`"),
    "half a worked example": ('{prompt: 2 + 2, response: "4"}', "{prompt: 2 + 2}", "12: shots[1].response", "missing"),
    "a worked example too much": ('response: "4"}', 'response: "4", x: 1}', "12: shots[1].x", "fields here: prompt, response"),
    "broken YAML": ("capability: support", "capability: [support", "2: not YAML", "or the one above"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "where", "fix"), REFUSED.values(), ids=REFUSED)
def test_refused_with_line_and_fix(tmp_path: Path, old: str, new: str, where: str, fix: str) -> None:
    assert VALID.count(old) == 1
    with pytest.raises(StudyError) as refused:
        read(tmp_path, VALID.replace(old, new))
    message = str(refused.value).replace(f"{tmp_path}/", "")
    lines = [line for line in message.split("\n") if line.startswith(f"tone.yaml:{where}")] or [message]
    assert lines[0].startswith(f"tone.yaml:{where}")
    assert fix in lines[0]


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
    "an answer that is no number": ("numeric", [{"answer": "one"}], ":1: `answer` is 'one', which is no number"),
    "an answer without end": ("numeric", [{"answer": "1/3"}], "no number"),
    "an answer of true": ("numeric", [{"answer": True}], "no number"),
    "nothing to contain": ("contains", [{}], ":1: nothing to look for"),
    "contents of numbers": ("contains", [{"all": [1]}], r":1: `all` is \[1\]"),
    "no pattern": ("regex", [{}], ":1: `pattern` is missing"),
    "a bad pattern": ("regex", [{"pattern": "("}], ":1: `pattern` is no regular expression"),
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
