"""The check `python`: a user's function judges, and what it returns is never guessed at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assay.errors import StudyError, TaskError
from assay.tasks.custom import read_task
from tests.tasks.custom.files import custom, scored, task_file


def with_code(folder: Path, code: str, response: str = "x", out_of: Any = None, **row: Any) -> Any:
    (folder / "check.py").write_text(code)
    check = {"function": "check.py:judge"} | ({"out_of": out_of} if out_of else {})
    return scored(folder, {"python": check}, row, response)


def test_a_function_sees_the_row_and_the_response(tmp_path: Path) -> None:
    code = "def judge(example, response):\n    return len(response.split()) <= example['most']\n"
    assert with_code(tmp_path, code, "one two", most=2).passed == (1,)
    assert with_code(tmp_path, code, "one two", most=1).passed == (0,)


def test_what_a_function_changes_in_its_row_the_next_response_does_not_see(tmp_path: Path) -> None:
    (tmp_path / "check.py").write_text(
        "def judge(example, response):\n    return example['words'].pop() == response\n"
    )
    task, example = custom(tmp_path, {"python": {"function": "check.py:judge"}}, {"words": ["a", "b"]})
    assert [task.score(example, "b").passed for _ in range(2)] == [(1,), (1,)]


def test_what_a_function_prints_is_no_part_of_a_result(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = "print('loaded')\n\ndef judge(example, response):\n    print('judged')\n    return True\n"
    with_code(tmp_path, code)
    assert tuple(capsys.readouterr()) == ("", "loaded\njudged\n")


def test_a_function_may_give_a_reason(tmp_path: Path) -> None:
    score = with_code(tmp_path, "def judge(example, response):\n    return False, 'too long'\n")
    assert (score.passed, score.detail["reason"]) == ((0,), "too long")


@pytest.mark.parametrize(("out_of", "row"), [(4, {}), ("points", {"points": 4})])
def test_a_function_may_give_points(tmp_path: Path, out_of: Any, row: dict[str, Any]) -> None:
    code = "def judge(example, response):\n    return 3\n"
    assert (with_code(tmp_path, code, out_of=out_of, **row)).out_of == (4,)
    assert (with_code(tmp_path, code, out_of=out_of, **row)).passed == (3,)
    task = read_task(tmp_path / "tone.yaml")
    assert task.metrics[0].kind == "ratio"


@pytest.mark.parametrize(
    ("code", "out_of", "message"),
    [
        ("def judge(e, r): return 1", None, "returned 1 for .*; return True or False"),
        ("def judge(e, r): return 0.5", None, "returned 0.5"),
        ("def judge(e, r): return None", None, "returned None"),
        ("def judge(e, r): return 5", 4, "return a whole number, 0 to 4"),
        ("def judge(e, r): return True", 4, "return a whole number, 0 to 4"),
        ("def judge(e, r):\n    return e['no']", None, "failed on .* on line 2 with KeyError"),
        ("import sys\ndef judge(e, r): sys.exit(3)", None, "failed on .* on line 2 with SystemExit"),
        (
            "import sys\n\nsys.exit(3)",
            None,
            "cannot be loaded, its file fails on line 3 with SystemExit",
        ),
        ("def judge(e): return True", None, "TypeError"),
        ("judge = 3", None, "is not a function of this file"),
        ("def other(e, r): return True", None, "is not a function of this file"),
        ("from os.path import exists as judge", None, "is defined in genericpath"),
        ("import helper_beside", None, "ModuleNotFoundError.*a file sees no other file beside it"),
        ("def judge(:", None, "SyntaxError"),
        ("raise SystemError('no')", None, "SystemError"),
    ],
)
def test_a_function_that_says_something_else_is_refused_not_guessed_at(
    tmp_path: Path, code: str, out_of: Any, message: str
) -> None:
    with pytest.raises(TaskError, match=f"check.py: judge {'.*' if message else ''}{message}"):
        with_code(tmp_path, code, out_of=out_of)


def test_a_function_may_be_in_an_installed_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "assay_test_installed.py").write_text("def judge(e, r): return r == 'x'\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert scored(tmp_path, {"python": "assay_test_installed:judge"}, {}, "x").passed == (1,)
    assert read_task(tmp_path / "tone.yaml").sources.keys() == {"tone.yaml"}


def test_a_module_that_is_not_there_is_refused_by_line(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"tone\.yaml:4: check\.python: no module nowhere_at_all"):
        read_task(task_file(tmp_path, {"python": "nowhere_at_all:judge"}))
