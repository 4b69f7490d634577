"""Multi-IF's file is read in its published form and as plain JSON, and a row that could not be judged is refused."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from assay.errors import TaskError
from assay.tasks.multiif import MultiIF
from tests.tasks.multiif.written import GROWING, conversation, read


def test_the_instructions_of_all_turns_are_kept_in_order(tmp_path: Path) -> None:
    (example,) = read(tmp_path, conversation("7", *GROWING, language="Hindi"))
    assert (example.key, example.prompt) == ("7", "Turn 1 of 7.")
    assert MultiIF().turns(example) == ("Turn 1 of 7.", "Turn 2 of 7.", "Turn 3 of 7.")
    assert example.data["sizes"] == [1, 2, 3]
    comma, title = "punctuation:no_comma", "detectable_format:title"
    assert example.data["instruction_id_list"] == [comma, comma, title, comma, title, "keywords:existence"]
    assert example.data["kwargs"][-1] == {"keywords": ["fox"]}
    assert example.data["language"] == "Hindi"


def test_csv_and_plain_json_hold_the_same_conversations(tmp_path: Path) -> None:
    row: dict[str, Any] = conversation("7", *GROWING)
    with (tmp_path / "c.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, row)
        writer.writeheader()
        writer.writerow(row)
    plain = {name: value if name in ("key", "language") else json.loads(value) for name, value in row.items()}
    for turn in (1, 2, 3):
        plain[f"turn_{turn}_kwargs"] = [json.loads(each) for each in plain[f"turn_{turn}_kwargs"]]
    assert MultiIF().read(tmp_path / "c.csv") == read(tmp_path, row) == read(tmp_path, plain)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("turn_3_prompt", "None", "`turn_3_prompt` is 'None'; write JSON"),
        ("turn_3_prompt", None, "`turn_3_prompt` is None; .*a conversation has 3 turns"),
        ("turn_2_prompt", {"role": "system", "content": "x"}, "`turn_2_prompt` is .*system"),
        ("turn_2_prompt", {"role": "user", "content": " "}, "key 7: turn 2: `prompt` is ' '"),
        ("turn_1_kwargs", "[{]", r"`turn_1_kwargs` is '\[\{\]'; write JSON"),
        (
            "turn_1_kwargs",
            ['{"x": 1}'],
            r"turn 1: kwargs\[0\] \(punctuation:no_comma\).*unknown argument `x`",
        ),
        (
            "turn_1_instruction_id_list",
            ["a:b"],
            r"turn 1: instruction_id_list\[0\].*unknown instruction 'a:b'",
        ),
        ("language", "", "`language` is ''"),
    ],
)
def test_a_row_that_could_not_be_judged_is_refused(
    tmp_path: Path, field: str, value: object, message: str
) -> None:
    with pytest.raises(TaskError, match=message):
        read(tmp_path, conversation("7", *GROWING) | {field: value})
