"""Flips inside the page: within the budget, harmless, each text once."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from assay.report.html.embed import LONGEST, embed, json_in_html, visible
from assay.report.html.page_data import Check, Flip, Side


def a_flip(adapter: str, key: int, text: str, direction: Any = "broken") -> Flip:
    check = Check("keywords:existence", False, "no river")
    side = Side(text, (check,))
    return Flip(adapter, "base", "ifeval", str(key), direction, f"prompt {key}", (check.name,), side, side)


def test_json_in_html_reads_back_and_holds_no_markup() -> None:
    value = {"</script><!--": ["\u2028\u2029&amp;", "<script>"]}
    text = json_in_html(value)
    assert not set(text) & set("<>&\u2028\u2029")
    assert json.loads(text) == value


def test_visible_keeps_lines_and_joiners_and_writes_out_the_rest() -> None:
    assert visible("a\r\n\tb\u200dc") == "a\n\tb\u200dc"
    assert visible("\u202e\x00\ud800\u2028") == "\\u202e\\u0000\\ud800\\u2028"


def test_the_budget_is_kept_and_shared_among_adapters() -> None:
    flips = [a_flip(name, i, "<" * 900) for name in ("a", "b", "c") for i in range(200)]
    embedded = embed(flips, budget=300_000)
    data = json.loads(embedded.json)
    shown = [sum(flip[0] == i for flip in data["flips"]) for i in range(3)]
    assert len(embedded.json.encode()) < 330_000
    assert embedded.shown == sum(shown) < 600
    assert max(shown) - min(shown) <= 1


def test_a_base_answer_is_stored_once_for_all_adapters() -> None:
    flips = [a_flip(name, 1, "same") for name in ("a", "b", "c")]
    data = json.loads(embed(flips).json)
    assert len(data["bases"]) == len(data["prompts"]) == 1
    assert len(data["flips"]) == 3


def test_a_long_text_keeps_its_beginning_its_end_and_its_length() -> None:
    text = "a" * LONGEST + "b" * LONGEST
    (flip,) = json.loads(embed([a_flip("a", 1, text)]).json)["flips"]
    head, tail, length, left_out = flip[5]
    assert left_out == length - LONGEST
    assert text.startswith(head)
    assert text.endswith(tail)
    assert len(head) + len(tail) == LONGEST
    assert length == len(text)


def test_no_flip_gives_an_empty_document() -> None:
    assert embed([]).shown == 0


def test_the_same_key_in_two_tasks_is_two_prompts() -> None:
    one = a_flip("a", 1, "x")
    data = json.loads(embed([one, replace(one, task="other", prompt="another")]).json)
    assert [prompt[1] for prompt in data["prompts"]] == ["prompt 1", "another"]
