"""Recorded responses: one file answers exactly the task's examples, or is refused."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from assay.engines import Prompt, Recorded
from assay.engines.recorded import match
from assay.errors import ResponsesError
from assay.tasks import Example
from tests.engines.recorded.files import EXAMPLES, GOOD, answers, source


def test_rows_are_matched_by_key_or_by_prompt_in_any_order(tmp_path: Path) -> None:
    assert answers(source(tmp_path, reversed(GOOD))) == ["a", "b", ""]


def test_a_null_response_is_marked(tmp_path: Path) -> None:
    engine = Recorded({("s", "t"): source(tmp_path)}, {"t": EXAMPLES})
    asked = [Prompt("s", "t", example.key, example.prompt) for example in EXAMPLES]
    assert [completion.null for completion in engine.complete(asked)] == [False, False, True]


def test_only_the_first_mark_cuts_and_only_where_there_is_one(tmp_path: Path) -> None:
    rows = [{"key": str(i), "response": text} for i, text in enumerate(["x##y##z", "no mark", "##"])]
    assert answers(source(tmp_path, rows, after="##")) == ["y##z", "no mark", ""]


def test_a_thought_that_never_closes_is_an_empty_answer(tmp_path: Path) -> None:
    def texts(*responses: str) -> list[dict[str, Any]]:
        return [{"key": str(i), "response": text} for i, text in enumerate(responses)]

    opened = texts("<think>a</think>b", "<think>a, then", "no thought")
    assert answers(source(tmp_path, opened, after="</think>")) == ["b", "", "no thought"]
    by_the_prompt = texts("a</think>b", "a, then", "a</think>")
    assert answers(source(tmp_path, by_the_prompt, after="</think>\n")) == ["b", "", ""]
    never = texts("a", "b", "c")
    assert answers(source(tmp_path, never, after="</think>")) == ["a", "b", "c"]


def test_turns_are_matched_by_number_in_any_order(tmp_path: Path) -> None:
    said = {"0": ("zero?", "more?"), "1": ("one?",)}
    rows: list[Mapping[str, Any]] = [
        {"key": "0", "turn": 2, "response": "b", "prompt": "more?"},
        {"key": "1", "response": "c"},
        {"key": "0", "turn": 1, "response": "a", "prompt": "zero?"},
    ]
    pairs = match(source(tmp_path, rows), EXAMPLES[:2], turns=lambda example: said[example.key])
    assert [(example.key, row.turn, row.text) for example, row in pairs] == [
        ("0", 0, "a"),
        ("0", 1, "b"),
        ("1", 0, "c"),
    ]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"key": "0", "turn": 1, "response": ""}], r"no response to 1 of 1 examples \(keys 0\)"),
        ([{"key": "0", "turn": 3, "response": ""}], "turn 3 of example '0', which has 2 turns"),
        ([{"key": "0", "turn": 2, "prompt": "x", "response": ""}], "belongs to a response to another prompt"),
        ([{"prompt": "zero?", "turn": 2, "response": ""}], "turn 2 without `key`"),
        ([{"key": "0", "response": ""}] * 2, r"second response to turn 1 .*number turns with `turn: 1, 2"),
    ],
)
def test_a_conversation_must_have_each_turn_once(
    tmp_path: Path, rows: list[dict[str, Any]], message: str
) -> None:
    with pytest.raises(ResponsesError, match=message):
        match(source(tmp_path, rows), EXAMPLES[:1], turns=lambda _: ("zero?", "more?"))


def test_an_example_that_is_asked_once_has_no_second_turn(tmp_path: Path) -> None:
    with pytest.raises(ResponsesError, match="turn 2 of example '0', which is asked once"):
        match(source(tmp_path, [{"key": "0", "turn": 2, "response": ""}]), EXAMPLES[:1])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (GOOD[:2], r"r.jsonl: no response to 1 of 3 examples \(keys 2\); .*`limit`"),
        ([*GOOD, {"key": "9", "response": ""}], r"r.jsonl:4: key '9' is not among the task's 3 examples"),
        ([*GOOD, {"prompt": "nine?", "response": ""}], r"r.jsonl:4: prompt 'nine\?' is not identical"),
        (
            [*GOOD, {"key": "0", "response": ""}],
            r"r.jsonl:4: second response to example '0', first on line 1",
        ),
        (
            [{"key": "0", "prompt": "other", "response": ""}],
            r"r.jsonl:1: key '0' belongs to a response to another prompt",
        ),
        ([{"key": "0"}], r"r.jsonl:1: no `response` field \(found: key\)"),
        ([{"key": "0", "resps": []}], r"format: lm-eval"),
        ([{"response": "a"}], r"r.jsonl:1: neither `key` nor `prompt`"),
        ([{"key": "0", "response": 3}], r"r.jsonl:1: `response` must be text or null, found int"),
        ([{"key": True, "response": "a"}], r"`key` must be text or an integer, found bool"),
        ([{"key": "0", "response": "a", "sample": -1}], r"`sample` must be 0, 1, ..., found -1"),
    ],
)
def test_a_file_that_does_not_answer_the_task_is_refused(
    tmp_path: Path, rows: list[dict[str, Any]], message: str
) -> None:
    with pytest.raises(ResponsesError, match=message):
        match(source(tmp_path, rows), EXAMPLES)


def test_rows_past_the_limit_are_passed_over_but_foreign_ones_are_not(tmp_path: Path) -> None:
    found = source(tmp_path)
    assert [row.text for _, row in match(found, EXAMPLES[:1], EXAMPLES[1:])] == ["a"]
    with pytest.raises(ResponsesError, match="not among the task's 2 examples"):
        match(found, EXAMPLES[:1], EXAMPLES[1:2])


def test_a_prompt_that_two_examples_share_is_refused(tmp_path: Path) -> None:
    twins = (Example("0", "same?"), Example("1", "same?"))
    with pytest.raises(ResponsesError, match="examples 0, 1 share this prompt"):
        match(source(tmp_path, [{"prompt": "same?", "response": ""}]), twins)


def test_repeats_are_numbered_and_must_be_complete(tmp_path: Path) -> None:
    rows = [{"key": str(i), "sample": j, "response": f"{i}{j}"} for i in range(3) for j in range(2)]
    pairs = match(source(tmp_path, rows), EXAMPLES)
    assert [row.text for _, row in pairs] == ["00", "01", "10", "11", "20", "21"]
    with pytest.raises(ResponsesError, match="no response to 1 of 3"):
        match(source(tmp_path, rows[:-1]), EXAMPLES)
