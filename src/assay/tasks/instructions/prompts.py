"""Reads a prompt file of instructions, and refuses whatever could not be judged. It judges nothing."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from assay.errors import TaskError
from assay.rows import read_rows
from assay.tasks.instructions.instruction import Instruction
from assay.tasks.task import Example

__all__ = ["read_prompts"]

Instructions = Mapping[str, Instruction]


def read_prompts(path: Path, instructions: Instructions, benchmark: str) -> tuple[Example, ...]:
    """The prompts of a JSONL file of `key, prompt, instruction_id_list, kwargs`.

    Ids may carry the prefix `en:`. An argument that is null or empty counts as absent, as in the
    references. Raises TaskError naming file, line, key and field, what was found, and the fix.
    """
    examples: list[Example] = []
    keys: dict[str, int] = {}
    prompts: dict[str, int] = {}
    for line, row in read_rows(path, TaskError):
        example = _example(row, f"{path}:{line}", instructions, benchmark)
        for seen, value, field in ((keys, example.key, "key"), (prompts, example.prompt, "prompt")):
            if seen.setdefault(value, line) != line:
                raise TaskError(
                    f"{path}:{line}: key {example.key}: the same {field} as in line {seen[value]}; keep one"
                )
        examples.append(example)
    if not examples:
        raise TaskError(f"{path}: no prompts; one JSON object a line is expected")
    return tuple(examples)


def _example(row: Mapping[str, Any], where: str, instructions: Instructions, benchmark: str) -> Example:
    key = row.get("key")
    if isinstance(key, bool) or not isinstance(key, int | str) or key == "":
        raise TaskError(f"{where}: `key` is {_told(row, 'key')}; a whole number or a text is expected")
    where = f"{where}: key {key}"
    prompt, ids, kwargs = row.get("prompt"), row.get("instruction_id_list"), row.get("kwargs")
    if not isinstance(prompt, str) or not prompt.strip():
        raise TaskError(f"{where}: `prompt` is {_told(row, 'prompt')}; the text of the prompt is expected")
    if not isinstance(ids, list) or not ids:
        told = _told(row, "instruction_id_list")
        raise TaskError(f"{where}: `instruction_id_list` is {told}; a list of instruction ids is expected")
    if not isinstance(kwargs, list) or not all(isinstance(each, dict | None) for each in kwargs):
        raise TaskError(f"{where}: `kwargs` is {_told(row, 'kwargs')}; a list of objects is expected")
    if len(ids) != len(kwargs):
        raise TaskError(
            f"{where}: {len(ids)} in `instruction_id_list` but {len(kwargs)} in `kwargs`; "
            f"give each instruction its object of arguments, {{}} if it takes none"
        )
    ids = [
        _known(id_, f"{where}: instruction_id_list[{index}]", instructions, benchmark)
        for index, id_ in enumerate(ids)
    ]
    arguments = [
        _arguments(instructions[id_], given or {}, f"{where}: kwargs[{index}] ({id_})")
        for index, (id_, given) in enumerate(zip(ids, kwargs, strict=True))
    ]
    return Example(str(key), prompt, {"instruction_id_list": ids, "kwargs": arguments})


def _known(id_: object, where: str, instructions: Instructions, benchmark: str) -> str:
    name = id_.removeprefix("en:") if isinstance(id_, str) else ""
    if name in instructions:
        return name
    near = get_close_matches(name, instructions, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"{benchmark} has: {', '.join(sorted(instructions))}"
    raise TaskError(f"{where}: unknown instruction {id_!r}; {hint}")


def _arguments(instruction: Instruction, given: Mapping[str, Any], where: str) -> dict[str, Any]:
    wanted = instruction.arguments
    for name, value in given.items():
        if name not in wanted and (value or value is False):
            takes = ", ".join(wanted) or "none"
            raise TaskError(f"{where}: unknown argument `{name}`; this instruction takes {takes}")
    for name, argument in wanted.items():
        absent = given.get(name) in (None, "", [], {})
        if absent or not argument.accepts(given[name]):
            raise TaskError(f"{where}: `{name}` is {_told(given, name)}; {argument.expected} is expected")
    arguments = {name: argument.cast(given[name]) for name, argument in wanted.items()}
    if clash := instruction.clash(arguments):
        raise TaskError(f"{where}: {clash}")
    return arguments


def _told(row: Mapping[str, Any], name: str) -> str:
    """A value, for a message."""
    if name not in row:
        return f"missing (found: {', '.join(row) or 'nothing'})"
    told = repr(row[name])
    return told if len(told) <= 80 else f"{told[:80]}..."
