"""Scores by turn, drops from turn to turn, and how much further an adapter drops than its base."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import assay
from assay.stats import PairedGain
from assay.verdicts import Result
from assay.verdicts.descriptive import TurnScores
from tests.studies import jsonl, write_study
from tests.tasks.multiif.written import GROWING, conversation

FOLLOWS = ("a fox", "<<a>> b", "<<a>> fox")
"""Passes every turn."""
BASE = ["111", "111", "110", "100", "000", "101"]
ADAPTER = ["111", "110", "100", "100", "100", "100"]
"""By conversation: the turns whose response passes."""


def audit(folder: Path, base: list[str] = BASE, adapter: list[str] = ADAPTER, samples: int = 1) -> Result:
    names = [str(number) for number in range(len(base))]
    jsonl(folder / "conversations.jsonl", (conversation(name, *GROWING) for name in names))
    for file, passes in (("base", base), ("a", adapter)):
        rows = [
            {
                "key": name,
                "sample": sample,
                "turn": turn + 1,
                "response": FOLLOWS[turn] if passed == "1" else "a, b",
            }
            for name, passed_turns in zip(names, passes, strict=True)
            for sample in range(samples)
            for turn, passed in enumerate(passed_turns)
        ]
        jsonl(folder / f"{file}.jsonl", rows)
    document = {
        "name": "turns",
        "bases": [{"name": "base", "responses": {"talk": "base.jsonl"}}],
        "adapters": [{"name": "a", "label": "instruction", "responses": {"talk": "a.jsonl"}}],
        "tasks": [{"task": "multi-if", "name": "talk", "prompts": "conversations.jsonl"}],
    }
    return assay.run(write_study(folder, document), folder / "run")


def strict(result: Result) -> dict[str, TurnScores]:
    return {entry.subject: entry for entry in result.turns if entry.metric == "talk.prompt_strict"}


def test_a_drop_is_the_score_on_the_turn_before_minus_this_one(tmp_path: Path) -> None:
    entries = strict(audit(tmp_path))
    assert [turn.score for turn in entries["base"].by_turn] == [5 / 6, 3 / 6, 3 / 6]
    assert [turn.score for turn in entries["a"].by_turn] == [6 / 6, 2 / 6, 1 / 6]
    assert [turn.drop for turn in entries["base"].by_turn] == [None, pytest.approx(2 / 6), 0]
    assert [turn.drop for turn in entries["a"].by_turn] == [None, pytest.approx(4 / 6), pytest.approx(1 / 6)]
    assert entries["a"].conversations == 6
    assert (entries["base"].base, entries["a"].base) == (None, "base")


def test_the_interval_of_a_drop_is_exact_over_conversations(tmp_path: Path) -> None:
    entries = strict(audit(tmp_path))
    # From turn 2 to 3 the base loses conversation 3 and regains conversation 6.
    assert entries["base"].by_turn[2].drop_interval == PairedGain(1, 1, 6).interval(entries["base"].level)
    assert entries["a"].by_turn[1].drop_interval == PairedGain(4, 0, 6).interval(entries["a"].level)


def test_an_adapter_s_drop_is_paired_with_its_base_s(tmp_path: Path) -> None:
    entries = strict(audit(tmp_path))
    mores = [turn.more for turn in entries["a"].by_turn]
    assert mores == [None, pytest.approx(2 / 6), pytest.approx(1 / 6)]
    low, high = entries["a"].by_turn[1].more_interval or (0, 0)
    assert -2 <= low < 2 / 6 < high <= 2
    assert [turn.more for turn in entries["base"].by_turn] == [None] * 3


def test_an_adapter_that_drops_as_its_base_does_drops_no_further(tmp_path: Path) -> None:
    entries = strict(audit(tmp_path, BASE, [*BASE[:-1], "100"]))
    assert [turn.more for turn in entries["a"].by_turn] == [None, 0, pytest.approx(1 / 6)]
    low, high = entries["a"].by_turn[1].more_interval or (1, -1)
    assert low < 0 < high


def test_more_samples_that_say_the_same_change_no_score(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one, two = strict(audit(tmp_path / "one")), strict(audit(tmp_path / "two", samples=2))
    for first, second in zip(one["a"].by_turn, two["a"].by_turn, strict=True):
        assert (first.score, first.drop, first.more) == pytest.approx(
            (second.score, second.drop, second.more)
        )


def test_the_reports_and_verdicts_json_show_every_turn(tmp_path: Path) -> None:
    audit(tmp_path)
    text = (tmp_path / "run" / "report.md").read_text(encoding="utf-8")
    assert "| base | talk.prompt\\_strict | 1 | .833 | - | - | - | - |" in text
    assert "| a | talk.prompt\\_strict | 3 | .167 | +16.7 |" in text
    assert '<section id="turns"' in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    written = json.loads((tmp_path / "run" / "verdicts.json").read_text(encoding="utf-8"))
    assert [turn["turn"] for turn in written["turns"][0]["by_turn"]] == [1, 2, 3]
