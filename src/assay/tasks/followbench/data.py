"""Reads FollowBench's files: `content_constraints.json` and the other five, in one folder or one alone.

A row is an instruction at a level, 0 to 5; rows of one group tell of the same instruction, with a
constraint more at each level (or an example with more noise). Level 0 is not asked: it begins the path
that a judge is shown.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from assay.errors import TaskError
from assay.files import folder_exists, read_text
from assay.tasks.followbench.rules import rule_of
from assay.tasks.task import Example

__all__ = ["KINDS", "LEVELS", "read_rows"]

KINDS = ("content", "situation", "style", "format", "example", "mixed")
LEVELS = (1, 2, 3, 4, 5)


def read_rows(path: Path, ruled: bool) -> tuple[Example, ...]:
    """The examples that a rule decides, or else those that a judge decides, of a folder or a file.

    Keys are kind, group and level: `content-14-3`. Raises TaskError naming file, row and fix.
    """
    examples = [
        example
        for kind, file in _files(path)
        for example in _examples(kind, file)
        if ("rule" in example.data) == ruled
    ]
    if not examples:
        raise TaskError(
            f"{path}: no rows that {'a rule' if ruled else 'a judge'} decides; give the other files too"
        )
    return tuple(examples)


def _files(path: Path) -> list[tuple[str, Path]]:
    """Kind and file; all six of a folder."""
    if not folder_exists(path):
        kind = path.stem.removesuffix("_constraints")
        if kind not in KINDS:
            raise TaskError(
                f"{path}: its name tells no kind of constraint; keep the name `content_constraints.json`"
            )
        return [(kind, path)]
    files = {kind: path / f"{kind}_constraints.json" for kind in KINDS}
    if missing := [file.name for file in files.values() if not file.is_file()]:
        raise TaskError(
            f"{path}: no {', '.join(missing)} there; give the folder of all six files, or name one file"
        )
    return list(files.items())


def _examples(kind: str, path: Path) -> Iterator[Example]:
    """Every asked row of a file, each with the instructions that led to it."""
    groups: dict[int, dict[int, dict[str, Any]]] = {}
    for number, row in enumerate(_rows(path), 1):
        where = f"{path}: row {number}"
        group, level = (_whole(row, name, where) for name in ("example_id", "level"))
        if groups.setdefault(group, {}).setdefault(level, row) is not row:
            raise TaskError(f"{where}: group {group} has level {level} already; keep one")
        for name in ("instruction", "source", "target"):
            if not isinstance(row.get(name), str) or (
                name == "instruction" and level and not row[name].strip()
            ):
                raise TaskError(f"{where}: `{name}` is {str(row.get(name))[:60]!r}; a text is expected")
    for group, levels in groups.items():
        if set(levels) - {0} != set(LEVELS):
            raise TaskError(f"{path}: group {group} has levels {sorted(levels)}; 1 to 5 are expected")
        for level in LEVELS:
            yield _example(kind, group, level, levels, path)


def _example(
    kind: str, group: int, level: int, levels: Mapping[int, Mapping[str, Any]], path: Path
) -> Example:
    row = levels[level]
    data: dict[str, Any] = {"group": f"{kind}-{group}", "kind": kind, "level": level, "source": row["source"]}
    if rule := rule_of(kind, group, row["source"]):
        data |= {
            "rule": rule,
            "target": _target(rule, row["target"], f"{path}: group {group}, level {level}"),
        }
    else:
        first = levels.get(0, {"instruction": ""})
        data["path"] = [first["instruction"], *(levels[step]["instruction"] for step in LEVELS[:level])]
    return Example(f"{kind}-{group}-{level}", row["instruction"], data)


def _target(rule: str, target: str, where: str) -> Any:
    """What the rule compares with: a list of names where the file holds one as text."""
    if rule != "CONLL2003":
        return target
    try:
        names = ast.literal_eval(target.strip())
    except (ValueError, SyntaxError):
        names = None
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise TaskError(f"{where}: `target` is {target[:60]!r}; a list of names is expected")
    return names


def _rows(path: Path) -> list[dict[str, Any]]:
    try:
        rows = json.loads(read_text(path, TaskError))
    except (ValueError, RecursionError) as bad:
        raise TaskError(f"{path}: not JSON ({bad}); the file may be cut off") from None
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise TaskError(f"{path}: a JSON array of objects is expected")
    return rows


def _whole(row: Mapping[str, Any], name: str, where: str) -> int:
    value = row.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise TaskError(f"{where}: `{name}` is {str(value)[:60]!r}; a whole number is expected")
    return value
