"""What cannot be in a name, a line, a metric or a setting, as the author of a study is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.study.studies import assert_refused

REFUSED = {
    "a slash in a name": ("name: a1", "name: a/1", "8: adapters[0].name", "a `/` in a name; remove it"),
    "a space at the end of a label": ("label: instruction", 'label: "instruction "', "10: adapters[0].label", "space at an end"),
    "an empty name": ("name: two bases", 'name: ""', "1: name", "write a name"),
    "a bidi character in a recipe": ("recipe: a", 'recipe: "a\\u202eb"', "11: adapters[0].recipe", "U+202E in a name; remove it"),
    "a control character in a path": ("a1.jsonl", '"a1\\0.jsonl"', "14: adapters[0].responses.ifeval", "U+0000; remove it"),
    "a metric without its task": ("    - ifeval.prompt_strict", "    - prompt_strict", "22: claims.instruction[0]", "write task and metric"),
    "NaN in a setting": ("    seed: 1", "    settings: {x: -.inf}", "12: adapters[0].settings.x", "not a finite number"),
    "a list as a setting": ("    seed: 1", "    settings: {x: [1]}", "12: adapters[0].settings.x", "one number or one text"),
    "a date in an engine's options": ("margin: 0.05", "engine: {options: {a: [2024-01-01]}}", "24: engine.options.a", "quote it"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "where", "fix"), REFUSED.values(), ids=REFUSED)
def test_refused_with_line_and_fix(folder: Path, old: str, new: str, where: str, fix: str) -> None:
    assert_refused(folder, old, new, where, fix)
