"""Reads a prompt file of IFEval, and refuses whatever could not be judged. It judges nothing."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from assay.errors import TaskError
from assay.jsonl import read_jsonl
from assay.tasks.ifeval.registry import INSTRUCTIONS
from assay.tasks.task import Example

__all__ = ["read_prompts"]


def read_prompts(path: Path) -> tuple[Example, ...]:
    """The prompts of a JSONL file of `key, prompt, instruction_id_list, kwargs`.

    Ids may carry the prefix `en:`. An argument that is null or empty counts as absent, as in the
    reference. Raises TaskError naming file, line, key and field, what was found, and the fix.
    """
    examples: list[Example] = []
    keys: dict[str, int] = {}
    prompts: dict[str, int] = {}
    for line, row in read_jsonl(path, TaskError):
        example = _example(row, f"{path}:{line}")
        for seen, value, field in ((keys, example.key, "key"), (prompts, example.prompt, "prompt")):
            if seen.setdefault(value, line) != line:
                raise TaskError(
                    f"{path}:{line}: key {example.key}: the same {field} as in line {seen[value]}; keep one"
                )
        examples.append(example)
    if not examples:
        raise TaskError(f"{path}: no prompts; one JSON object a line is expected")
    return tuple(examples)


def _example(row: Mapping[str, Any], where: str) -> Example:
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
    ids = [_known(id_, f"{where}: instruction_id_list[{index}]") for index, id_ in enumerate(ids)]
    arguments = [
        _arguments(id_, given or {}, f"{where}: kwargs[{index}] ({id_})")
        for index, (id_, given) in enumerate(zip(ids, kwargs, strict=True))
    ]
    return Example(str(key), prompt, {"instruction_id_list": ids, "kwargs": arguments})


def _known(id_: object, where: str) -> str:
    name = id_.removeprefix("en:") if isinstance(id_, str) else ""
    if name in INSTRUCTIONS:
        return name
    near = get_close_matches(name, INSTRUCTIONS, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"IFEval has: {', '.join(sorted(INSTRUCTIONS))}"
    raise TaskError(f"{where}: unknown instruction {id_!r}; {hint}")


def _arguments(id_: str, given: Mapping[str, Any], where: str) -> dict[str, Any]:
    wanted = INSTRUCTIONS[id_].arguments
    present = {name: value for name, value in given.items() if value or value is False}
    for name in present.keys() - wanted.keys():
        takes = ", ".join(wanted) or "none"
        raise TaskError(f"{where}: unknown argument `{name}`; this instruction takes {takes}")
    for name, argument in wanted.items():
        if name not in present or not argument.accepts(present[name]):
            raise TaskError(f"{where}: `{name}` is {_told(given, name)}; {argument.expected} is expected")
    if present.get("nth_paragraph", 0) > present.get("num_paragraphs", 0):
        raise TaskError(
            f"{where}: `nth_paragraph` is {present['nth_paragraph']} of {present['num_paragraphs']} "
            f"in `num_paragraphs`; a paragraph of these is expected"
        )
    return {name: present[name] for name in wanted}


def _told(row: Mapping[str, Any], name: str) -> str:
    """A value, for a message."""
    if name not in row:
        return f"missing (found: {', '.join(row) or 'nothing'})"
    told = repr(row[name])
    return told if len(told) <= 80 else f"{told[:80]}..."
