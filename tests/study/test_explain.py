"""What pydantic finds wrong is told with line, field and fix."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from assay.errors import StudyError
from assay.study import Study
from tests.study.studies import VALID, assert_refused, refusal

REFUSED = {
    "an unknown field": ("    recipe: a\n", "    recipie: a\n", "11: adapters[0].recipie", 'mean "recipe"? Fields here: name, base'),
    "an unknown field at the top": ("margin: 0.05", "margins: 0.05", "24: margins", 'mean "margin"'),
    "an unknown field of a response file": ("{path: a2.jsonl}", "{path: a2.jsonl, afer: x}", "15: adapters[1].responses.ifeval.afer", '"after"'),
    "a missing name": ("name: two bases\n", "", "1: name", "missing"),
    "a missing label": ("    label: instruction\n", "", "8: adapters[0].label", "missing; add it"),
    "a field left empty": ("    label: instruction", "    label:", "10: adapters[0].label", "fill it in"),
    "a text that YAML reads as false": ("label: instruction", "label: no", "10: adapters[0].label", '`no`, which YAML reads as false; quote it: "no"'),
    "a text that YAML reads as a number": ("label: instruction", "label: 1.0", "10: adapters[0].label", 'the number 1.0; quote it: "1.0"'),
    "a text that YAML reads as a date": ("label: instruction", "label: 2024-01-01", "10: adapters[0].label", 'a date; quote it: "2024-01-01"'),
    "a text that YAML reads in base 60": ("label: instruction", "label: 1:30", "10: adapters[0].label", 'quote it: "1:30"'),
    "a boolean as a number": ("margin: 0.05", "margin: yes", "24: margin", "a number is expected, found `yes`, which YAML reads as true"),
    "a quoted number": ("margin: 0.05", 'margin: "0.05"', "24: margin", 'found the text "0.05"; write plain digits, without quotes'),
    "an octal number": ("seed: 1", "seed: 017", "12: adapters[0].seed", "another notation; write plain digits"),
    "a number of a hundred digits": ("seed: 1", "seed: 1" + "0" * 100, "12: adapters[0].seed", "too many digits"),
    "a fraction as a count": ("limit: 100", "limit: 1.5", "18: tasks[0].limit", "a whole number is expected"),
    "a limit of nothing": ("limit: 100", "limit: 0", "18: tasks[0].limit", "more than 0 is expected, found the number 0"),
    "fewer worked examples than none": ("limit: 100", "shots: -1", "18: tasks[0].shots", "at least 0 is expected, found the number -1"),
    "worked examples as a fraction": ("limit: 100", "shots: 2.5", "18: tasks[0].shots", "a whole number is expected"),
    "a task's limit of no tokens": ("limit: 100", "max_tokens: 0", "18: tasks[0].max_tokens", "more than 0 is expected, found the number 0"),
    "a task's limit in quotes": ("limit: 100", 'max_tokens: "9"', "18: tasks[0].max_tokens", "write plain digits, without quotes"),
    "NaN": ("margin: 0.05", "margin: .nan", "24: margin", "a finite number is expected, found the number .nan"),
    "infinity": ("margin: 0.05", "margin: 1e999", "24: margin", "a finite number is expected"),
    "a margin of 1": ("margin: 0.05", "margin: 1", "24: margin", "less than 1 is expected, found the number 1"),
    "a margin of 0": ("margin: 0.1", "margin: 0", "19: tasks[1].margin", "at least 0.0001 is expected"),
    "an alpha of a half": ("margin: 0.05", "alpha: 0.5", "24: alpha", "at most 0.2 is expected, found the number 0.5"),
    "an unknown family": ("margin: 0.05", "family: studies", "24: family", 'one of adapter, study is expected, found the text "studies"; did you mean "study"?'),
    "an unknown stop": ("margin: 0.05", "stop: early", "24: stop", "one of full, decided"),
    "an unknown kind of claim": ("kind: keeps", "kind: keep", "23: claims.instruction[1].kind", 'did you mean "keeps"?'),
    "an unknown format": ("{path: a2.jsonl}", "{path: a2.jsonl, format: xml}", "15: adapters[1].responses.ifeval.format", "jsonl, json, csv, parquet, lm-eval"),
    "a mapping for a list": ("margin: 0.05", "off_target: {a: 1}", "24: off_target", "a list is expected, found a mapping; begin each item with `- `"),
    "a text for a mapping": ("margin: 0.05", "engine: torch", "24: engine", 'a mapping of `field: value` is expected, found the text "torch"'),
    "a summary with other fields": ("margin: 0.05", "summary: {file: scores.csv}", "24: summary", "summary: scores.csv"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "where", "fix"), REFUSED.values(), ids=REFUSED)
def test_refused_with_line_and_fix(folder: Path, old: str, new: str, where: str, fix: str) -> None:
    assert_refused(folder, old, new, where, fix)


@pytest.mark.parametrize("section", ["bases", "adapters", "tasks"])
def test_a_study_without_subjects_or_tasks_is_refused(folder: Path, section: str) -> None:
    data = yaml.safe_load(VALID)
    for empty, text in ((f"{section}: []", "empty; give at least one"), ("", "missing; add it")):
        rest = yaml.safe_dump({key: value for key, value in data.items() if key != section})
        assert f": {section}: {text}" in refusal(folder, f"{empty}\n{rest}")


@pytest.mark.parametrize(
    ("text", "found"),
    [("", "nothing"), ("- a\n", "a list"), ("hello", 'the text "hello"'), ("3", "the number 3")],
)
def test_what_is_no_mapping_is_no_study(folder: Path, text: str, found: str) -> None:
    assert (
        refusal(folder, text)
        == f"study.yaml:1: a study is a mapping, `name: ...`, `bases: ...`; found {found}"
    )


def test_a_dict_is_refused_in_the_words_of_its_fields(folder: Path) -> None:
    data = yaml.safe_load(VALID)
    data["adapters"][0]["base"] = "smal"
    with pytest.raises(
        StudyError, match=re.escape('study: adapters[0].base: no base "smal"; did you mean "small"?')
    ):
        Study.from_dict(data, folder)
    loop: dict[str, Any] = {}
    loop["loop"] = loop
    bads: tuple[dict[Any, Any], ...] = (
        {"name": object()},
        loop,
        {"name": "\ud800"},
        {1: 2},
        {"margin": float("nan")},
        {},
    )
    for bad in bads:
        with pytest.raises(StudyError, match=r"^study: "):
            Study.from_dict(bad, folder)
