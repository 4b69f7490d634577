"""Reads a file of conversations in Multi-IF's form, and refuses what could not be judged. It judges nothing.

A row has `key`, `language`, and for each turn `turn_1_prompt` (`{"role": "user", "content": ...}`),
`turn_1_instruction_id_list` and `turn_1_kwargs`. In the published CSV these are JSON in text, and each object of `kwargs` is
JSON in text again; in JSON Lines or Parquet they may be what that JSON means.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from assay.tasks.data_file import Row, read_examples
from assay.tasks.instructions import Instruction
from assay.tasks.instructions.prompts import read_instructions
from assay.tasks.task import Example

__all__ = ["TURNS", "read_conversations"]

TURNS = 3


def read_conversations(
    path: Path, instructions: Mapping[str, Instruction], benchmark: str
) -> tuple[Example, ...]:
    """The conversations of a file, each with the instructions of all turns in one list.

    `data` holds `turns` (what the user says after the first prompt), `sizes` (the number of instructions of each turn)
    and `language`. Raises TaskError naming file, line, key, turn and field, what was found, and the fix.
    """
    return read_examples(path, lambda row: _example(row, instructions, benchmark))


def _example(row: Row, instructions: Mapping[str, Instruction], benchmark: str) -> Example:
    key = row.key(required=True)
    row = replace(row, place=f"{row.place}: key {key}")
    language = row.text("language", "the language of the conversation, such as English")
    turns = [_turn(row, number) for number in range(1, TURNS + 1)]
    read = [read_instructions(turn, instructions, benchmark) for turn in turns]
    first, *later = (turn.text("prompt", "what the user says") for turn in turns)
    data = {
        "instruction_id_list": [id_ for each in read for id_ in each["instruction_id_list"]],
        "kwargs": [arguments for each in read for arguments in each["kwargs"]],
        "sizes": [len(each["kwargs"]) for each in read],
        "turns": later,
        "language": language,
    }
    return Example(key, first, data)


def _turn(row: Row, number: int) -> Row:
    """One turn as a row of a single prompt: `prompt`, `instruction_id_list`, `kwargs`."""
    prefix = f"turn_{number}_"
    message = _parsed(row, f"{prefix}prompt")
    if not isinstance(message, Mapping) or message.get("role") != "user":
        raise row.wrong(
            f"{prefix}prompt", f'write {{"role": "user", "content": ...}}: a conversation has {TURNS} turns'
        )
    kwargs = _parsed(row, f"{prefix}kwargs")
    if isinstance(kwargs, list):
        kwargs = [_object(row, f"{prefix}kwargs", each) for each in kwargs]
    values = {
        "prompt": message.get("content"),
        "instruction_id_list": _parsed(row, f"{prefix}instruction_id_list"),
        "kwargs": kwargs,
    }
    return replace(row, values=values, place=f"{row.place}: turn {number}")


def _parsed(row: Row, name: str) -> Any:
    """A field's value, of text the JSON in it."""
    return _object(row, name, row.values.get(name))


def _object(row: Row, name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise row.wrong(name, "write JSON, as in the published file") from None
