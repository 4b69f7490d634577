"""Each check passes what its task's author would pass, fails the rest with a reason, and refuses to guess."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import StudyError, TaskError
from assay.tasks.custom import answers, read_task
from assay.tasks.custom.form import ExactOptions
from assay.tasks.custom.schema import Schema
from tests.tasks.custom.files import custom, scored, task_file

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}

CASES: dict[str, tuple[Any, dict[str, Any], str, bool]] = {
    "the answer": ("exact", {"answer": "Yes"}, "Yes", True),
    "the answer with space around": ("exact", {"answer": "Yes"}, "\n Yes \n", True),
    "the answer in another case": ("exact", {"answer": "Yes"}, "yes", False),
    "the answer and more": ("exact", {"answer": "Yes"}, "Yes.", False),
    "case ignored": ({"exact": {"ignore": "case"}}, {"answer": "STRASSE"}, "Straße", True),
    "space ignored": ({"exact": {"ignore": ["space"]}}, {"answer": "a b"}, "a \n\t b", True),
    "space counted": ("exact", {"answer": "a b"}, "a  b", False),
    "one of several": ("exact", {"answer": ["a", "b"]}, "b", True),
    "none of several": ("exact", {"answer": ["a", "b"]}, "c", False),
    "another field": ({"exact": {"field": "gold"}}, {"gold": "x"}, "x", True),
    "all there": ("contains", {"all": ["refund", "sorry"]}, "sorry, a refund comes", True),
    "one missing": ("contains", {"all": ["refund", "sorry"]}, "a refund comes", False),
    "any there": ({"contains": {"any": ["hi", "hello"]}}, {}, "well hello", True),
    "not any there": ({"contains": {"any": ["hi", "hello"]}}, {}, "good day", False),
    "a forbidden one": ({"contains": {"none": "legal"}}, {}, "legal advice", False),
    "no forbidden one": ({"contains": {"none": "legal"}}, {}, "advice", True),
    "a list in the row joins the check's": ({"contains": {"all": ["a"]}}, {"all": "b"}, "a", False),
    "within a word": ({"contains": {"all": "art"}}, {}, "party", True),
    "not a whole word": ({"contains": {"all": "art", "words": True}}, {}, "party", False),
    "a whole word": ({"contains": {"all": "c++", "words": True}}, {}, "in c++ now", True),
    "found": ({"regex": r"\d{4}"}, {}, "in 2024", True),
    "not all of it": ({"regex": {"pattern": r"\d{4}", "whole": True}}, {}, "in 2024", False),
    "all of it": ({"regex": {"pattern": r"\d{4}", "whole": True}}, {}, "2024\n", True),
    "a row's pattern": ("regex", {"pattern": "^a"}, "b", False),
    "in any case": ({"regex": {"pattern": "^A", "ignore": "case"}}, {}, "abc", True),
    "the last number": ("numeric", {"answer": 18}, "3 * 6 = 18 eggs", True),
    "not the last number": ("numeric", {"answer": 18}, "18 is 3 * 6", False),
    "the stated number": ({"numeric": {"read": "stated"}}, {"answer": "18"}, "#### 18\nin 2 ways", True),
    "within the tolerance": ({"numeric": {"tolerance": 0.01}}, {"answer": 3.14}, "3.15", True),
    "beyond the tolerance": ({"numeric": {"tolerance": 0.01}}, {"answer": 3.14}, "3.1501", False),
    "no number": ("numeric", {"answer": 18}, "eighteen", False),
    "as the schema says": ("json_schema", {"schema": SCHEMA}, '{"n": 1}', True),
    "against the schema": ("json_schema", {"schema": SCHEMA}, '{"n": "1"}', False),
    "a block": ("json_schema", {"schema": SCHEMA}, 'Here:\n```json\n{"n": 1}\n```\nDone.', True),
    "two blocks": ("json_schema", {"schema": SCHEMA}, '```\n{"n": 1}\n```\n```\n{"n": 2}\n```', False),
    "a key twice": ("json_schema", {"schema": SCHEMA}, '{"n": "x", "n": 1}', False),
    "not JSON": ("json_schema", {"schema": SCHEMA}, "n is 1", False),
}  # fmt: skip


@pytest.mark.parametrize(("check", "row", "response", "passes"), CASES.values(), ids=CASES)
def test_a_check_says_what_its_author_would(
    tmp_path: Path, check: Any, row: dict[str, Any], response: str, passes: bool
) -> None:
    score = scored(tmp_path, check, row, response)
    assert score.passed[0] == passes
    assert score.out_of == (1,) * len(score.passed)
    assert (score.detail["reason"] is None) == passes
    json.dumps(score.detail)


@pytest.mark.parametrize(
    ("check", "row", "response", "found"),
    [
        ("numeric", {"answer": 5}, "four", 0),
        ("numeric", {"answer": 5}, "4", 1),
        ("json_schema", {"schema": SCHEMA}, "no", 0),
        ("json_schema", {"schema": SCHEMA}, "{}", 1),
    ],
)
def test_whether_there_was_an_answer_is_a_metric_of_its_own(
    tmp_path: Path, check: str, row: dict[str, Any], response: str, found: int
) -> None:
    task, example = custom(tmp_path, check, row)
    assert task.score(example, response).passed == (0, found)
    assert task.metrics[0].extracted_by == task.metrics[1].name


@given(st.text(max_size=40), st.text(max_size=40))
def test_exact_without_options_is_equality_of_trimmed_texts(right: str, response: str) -> None:
    if right.strip():
        check = answers.Exact(ExactOptions())
        for given_ in (right, response):
            passed = check.judge({"answer": right}, given_).passed
            assert passed == (int(given_.strip() == right.strip()),)


@given(st.text(max_size=200))
def test_any_text_is_json_or_gets_a_reason(response: str) -> None:
    score = Schema().judge({"schema": {}}, response)
    assert score.passed in ((0, 0), (1, 1))
    assert ("no JSON" in str(score.detail["reason"])) == (score.passed == (0, 0))


@pytest.mark.parametrize("response", ["[" * 100_000, "NaN", "[1e999, NaN]", "9" * 10_000])
def test_hostile_json_fails_and_does_not_break(tmp_path: Path, response: str) -> None:
    score = scored(tmp_path, "json_schema", {"schema": {"type": "object"}}, response)
    assert score.passed[0] == 0


def test_a_pattern_that_never_ends_is_refused_and_fails_no_response(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "LONGEST", 0.05)
    with pytest.raises(
        TaskError, match=r"took more than 0\.05 s .* write it without one repeat inside another"
    ):
        scored(tmp_path, {"regex": "^(a|aa)+$"}, {}, "a" * 60 + "b")


def test_a_schema_may_stand_in_a_file_beside_the_tasks(tmp_path: Path) -> None:
    (tmp_path / "n.schema.json").write_text(json.dumps(SCHEMA))
    assert scored(tmp_path, {"json_schema": "n.schema.json"}, {}, '{"n": 1}').passed == (1, 1)
    (tmp_path / "n.schema.json").write_text('{"type": "nothing"}')
    with pytest.raises(
        TaskError, match=r"tone\.yaml:3: check: n\.schema\.json: is no JSON Schema \(\['type'\]: "
    ):
        scored(tmp_path, {"json_schema": "n.schema.json"}, {}, "{}")


@pytest.mark.parametrize("reference", ["https://example.org/s.json", "other.json#/a"])
def test_a_schema_that_leads_elsewhere_is_refused_and_nothing_is_fetched(
    tmp_path: Path, reference: str
) -> None:
    with pytest.raises(TaskError, match="nothing is fetched"):
        custom(tmp_path, "json_schema", {"schema": {"properties": {"a": {"$ref": reference}}}})


def test_without_jsonschema_the_message_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    with pytest.raises(TaskError, match=r"pip install 'lora-assay\[schema\]'"):
        custom(tmp_path, "json_schema", {"schema": SCHEMA})


# -- a function ------------------------------------------------------------------------------------


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
        ("judge = 3", None, "is no function of this file"),
        ("def other(e, r): return True", None, "is no function of this file"),
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


# -- identity --------------------------------------------------------------------------------------


def test_scores_have_another_identity_once_the_check_changes(tmp_path: Path) -> None:
    seen = set()
    for check in ("exact", {"exact": {"ignore": "case"}}, {"regex": "a"}, {"regex": "b"}, "numeric"):
        seen.add(read_task(task_file(tmp_path, check))().scorer)
    for code in ("def judge(e, r): return True\n", "def judge(e, r): return False\n"):
        (tmp_path / "check.py").write_text(code)
        seen.add(read_task(task_file(tmp_path, {"python": "check.py:judge"}))().scorer)
    for schema in ("{}", '{"type": "object"}'):
        (tmp_path / "s.json").write_text(schema)
        seen.add(read_task(task_file(tmp_path, {"json_schema": "s.json"}))().scorer)
    assert len(seen) == 9


def test_scores_keep_their_identity_where_only_the_words_around_change(tmp_path: Path) -> None:
    first = read_task(task_file(tmp_path, "exact"))().scorer
    assert read_task(task_file(tmp_path, {"exact": {}}, max_tokens=5, capability="x"))().scorer == first


def test_reading_a_task_runs_none_of_its_code(tmp_path: Path) -> None:
    (tmp_path / "check.py").write_text("raise SystemExit('ran')\n")
    assert read_task(task_file(tmp_path, {"python": "check.py:judge"}))().scorer.startswith("own/1/")
