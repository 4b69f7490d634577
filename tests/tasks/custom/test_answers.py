"""Each check passes what its author would pass, and fails the rest with a reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import TaskError
from assay.tasks.custom import answers
from assay.tasks.custom.form import ExactOptions
from tests.tasks.custom.files import custom, scored

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


def test_a_pattern_that_never_ends_is_refused_and_fails_no_response(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "LONGEST", 0.05)
    with pytest.raises(
        TaskError, match=r"took more than 0\.05 s .* write it without one repeat inside another"
    ):
        scored(tmp_path, {"regex": "^(a|aa)+$"}, {}, "a" * 60 + "b")


def test_a_right_answer_beyond_every_float_is_exact(tmp_path: Path) -> None:
    assert scored(tmp_path, "numeric", {"answer": 10**320}, f"It is {10**320}.").passed[0]
