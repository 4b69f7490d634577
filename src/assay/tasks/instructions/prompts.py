"""Reads a prompt file of instructions, and refuses prompts that could not be judged. It judges nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from assay.tasks.data_file import Row, read_examples, shown
from assay.tasks.instructions.instruction import Instruction
from assay.tasks.task import Example

__all__ = ["read_instructions", "read_prompts"]


def read_prompts(path: Path, instructions: Mapping[str, Instruction], benchmark: str) -> tuple[Example, ...]:
    """The prompts of a JSONL file of `key, prompt, instruction_id_list, kwargs`.

    Ids may carry the prefix `en:`. An argument that is null or empty counts as absent, as in the
    references. Raises TaskError naming file, line, key and field, what was found, and the fix.
    """
    return read_examples(path, lambda row: _example(row, instructions, benchmark), distinct_prompts=True)


def _example(row: Row, instructions: Mapping[str, Instruction], benchmark: str) -> Example:
    key = row.key(required=True)
    row = replace(row, place=f"{row.place}: key {key[:40]}")
    prompt = row.text("prompt", "the text of the prompt")
    return Example(key, prompt, read_instructions(row, instructions, benchmark))


def read_instructions(
    row: Row, instructions: Mapping[str, Instruction], benchmark: str
) -> dict[str, list[Any]]:
    """`instruction_id_list` and `kwargs` of a row, as `read_prompts` reads them. Raises TaskError."""
    ids, kwargs = row.values.get("instruction_id_list"), row.values.get("kwargs")
    if not isinstance(ids, list) or not ids:
        raise row.wrong("instruction_id_list", "a list of instruction ids is expected")
    if not isinstance(kwargs, list) or not all(isinstance(each, dict | None) for each in kwargs):
        raise row.wrong("kwargs", "a list of objects is expected")
    if len(ids) != len(kwargs):
        raise row.error(
            f"{len(ids)} in `instruction_id_list` but {len(kwargs)} in `kwargs`",
            "give each instruction its object of arguments, {} if it takes none",
        )
    names, arguments = [], []
    for index, (id_, given) in enumerate(zip(ids, kwargs, strict=True)):
        inner = replace(row, place=f"{row.place}: instruction_id_list[{index}]")
        name = _known(id_, inner, instructions, benchmark)
        inner = Row(given or {}, f"{row.place}: kwargs[{index}] ({name})")
        names.append(name)
        arguments.append(_arguments(instructions[name], inner))
    return {"instruction_id_list": names, "kwargs": arguments}


def _known(id_: object, row: Row, instructions: Mapping[str, Instruction], benchmark: str) -> str:
    name = id_.removeprefix("en:") if isinstance(id_, str) else ""
    if name in instructions:
        return name
    near = get_close_matches(name, instructions, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"{benchmark} has: {', '.join(sorted(instructions))}"
    raise row.error(f"unknown instruction {shown(id_)}", hint)


def _arguments(instruction: Instruction, row: Row) -> dict[str, Any]:
    known = instruction.arguments
    for name, value in row.values.items():
        if name not in known and (value or value is False):
            takes = ", ".join(known) or "none"
            raise row.error(f"unknown argument `{name[:40]}`", f"this instruction takes {takes}")
    for name, argument in known.items():
        absent = row.values.get(name) in (None, "", [], {})
        if absent or not argument.accepts(row.values[name]):
            raise row.wrong(name, f"{argument.expected} is expected")
    arguments = {name: argument.cast(row.values[name]) for name, argument in known.items()}
    if clash := instruction.clash(arguments):
        raise row.error(*clash)
    return arguments
