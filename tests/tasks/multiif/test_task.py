"""Conversations are judged turn by turn; the golden numbers are counted by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assay.errors import AssayError, TaskError
from assay.scoring.file import score_file
from assay.tasks.multiif import MultiIF, characters
from assay.tasks.task import Answer
from tests.tasks.multiif.written import FOX, GROWING, NO_COMMA, TITLE, conversation, jsonl, read

ANSWERS = {
    "a": ("a fox", "<<a>> b", "<<a>> fox"),  # follows everything
    "b": (
        "a, b",
        "b",
        "Hi, x\n<<a>> fox",
    ),  # 0 of 1; 1 of 2; 2 of 3, and loosely, without its first line, 3 of 3
}


def responses(folder: Path) -> Path:
    rows = [
        {"key": key, "turn": turn, "response": text}
        for key, texts in ANSWERS.items()
        for turn, text in enumerate(texts, 1)
    ]
    return jsonl(folder / "responses.jsonl", reversed(rows))


def prompts(folder: Path) -> Path:
    rows = [conversation("a", *GROWING), conversation("b", *GROWING, language="German")]
    return jsonl(folder / "conversations.jsonl", rows)


def test_each_turn_has_its_own_four_accuracies_and_the_mean_of_them(tmp_path: Path) -> None:
    totals = score_file("multi-if", responses(tmp_path), {"prompts": prompts(tmp_path)})
    assert totals["prompts"] == 2
    assert [totals[f"turn_1_{name}"] for name in ("prompt_strict", "instruction_strict")] == [1 / 2, 1 / 2]
    assert [totals[f"turn_2_{name}"] for name in ("prompt_strict", "instruction_strict")] == [1 / 2, 3 / 4]
    assert [totals[f"turn_3_{name}"] for name in ("prompt_strict", "instruction_strict")] == [1 / 2, 5 / 6]
    assert [totals[f"turn_3_{name}"] for name in ("prompt_loose", "instruction_loose")] == [1, 1]
    assert totals["turn_3_overall"] == pytest.approx((1 / 2 + 5 / 6 + 1 + 1) / 4)
    assert totals["turn_3_English"] == 1
    assert totals["turn_3_German"] == pytest.approx((0 + 2 / 3 + 1 + 1) / 4)


def test_a_line_of_the_scores_holds_the_checks_of_all_turns(tmp_path: Path) -> None:
    out = tmp_path / "scores.jsonl"
    score_file("multi-if", responses(tmp_path), {"prompts": prompts(tmp_path)}, out=out)
    _, second = map(json.loads, out.read_text("utf-8").splitlines())
    assert second["key"] == "b"
    assert second["sizes"] == [1, 2, 3]
    assert second["strict"] == [False, True, False, False, True, True]
    assert second["reasons"][:3] == ["1 comma", None, "no title in << >>"]


def test_the_primary_metric_is_the_last_turn_s(tmp_path: Path) -> None:
    (example,) = read(tmp_path, conversation("a", *GROWING))
    task = MultiIF()
    score = task.score_answers(example, [Answer(""), Answer(""), Answer("<<a>> fox")])
    assert task.metrics[0].name == "turn_3_prompt_strict"
    assert score.passed == (1, 3, 1, 3, *(0,) * 8)
    assert score.out_of == (1, 3, 1, 3, 1, 2, 1, 2, 1, 1, 1, 1)


def test_the_other_mode_s_checks_name_the_instruction_among_all(tmp_path: Path) -> None:
    pattern = (("keywords:existence", {"keywords": ["f.x"]}),)
    (example,) = read(tmp_path, conversation("a", NO_COMMA, (*NO_COMMA, *pattern), FOX))
    score = MultiIF().score_answers(example, [Answer("fox")] * 3)
    other = score.detail["other"]
    assert score.detail["strict"] == [True, True, True, True]
    assert other["strict"] == [True, True, False, True]
    assert list(other["why"]) == ["2"]
    assert MultiIF().passed(other) == (1, 1, 1, 1, 0, 1, 0, 1, 1, 1, 1, 1)


def test_a_conversation_without_all_its_turns_is_refused(tmp_path: Path) -> None:
    rows = [{"key": "a", "turn": turn, "response": "x"} for turn in (1, 3)]
    file = jsonl(tmp_path / "responses.jsonl", rows)
    data = {"prompts": jsonl(tmp_path / "prompts.jsonl", [conversation("a", *GROWING)])}
    with pytest.raises(AssayError, match=r"no response to 1 of 1 examples \(keys a\)"):
        score_file("multi-if", file, data)
    jsonl(file, [*rows, {"key": "a", "turn": 4, "response": "x"}])
    with pytest.raises(AssayError, match="turn 4 of example 'a', which has 3 turns"):
        score_file("multi-if", file, data)
    jsonl(file, [*rows, rows[0]])
    with pytest.raises(AssayError, match="second response to turn 1 of example 'a', first on line 1"):
        score_file("multi-if", file, data)


def test_what_counts_words_is_checked_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "emoji", None)
    words = (("length_constraints:number_words", {"num_words": 3, "relation": "at least"}),)
    characters.forget()
    MultiIF().require(read(tmp_path, conversation("a", *GROWING)))
    with pytest.raises(
        TaskError, match=r"emoji is not installed.* run `pip install 'lora-assay\[chinese\]'`"
    ):
        MultiIF().require(read(tmp_path, conversation("a", TITLE, TITLE, words)))
    characters.forget()
