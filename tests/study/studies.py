"""Studies that load, to be changed in one place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from assay.errors import StudyError
from assay.study import load_study

VALID = """\
name: two bases
bases:
  - {name: small, responses: {ifeval: small.jsonl}}
  - name: large
    model: org/large
    revision: main
adapters:
  - name: a1
    base: small
    label: instruction
    recipe: a
    seed: 1
    responses:
      ifeval: a1.jsonl
  - {name: a2, base: small, label: instruction, recipe: a, seed: 2, responses: {ifeval: {path: a2.jsonl}}}
  - {name: b, base: large, label: numeric, path: ./b}
tasks:
  - {task: ifeval, prompts: prompts.jsonl, limit: 100}
  - {task: numeric, name: gsm8k, examples: test.jsonl, margin: 0.1}
claims:
  instruction:
    - ifeval.prompt_strict
    - {metric: gsm8k.numeric_match, kind: keeps, margin: 0.02}
margin: 0.05
"""
FILES = "base.jsonl qa-1000.jsonl input_data.jsonl test.jsonl prompts.jsonl small.jsonl a1.jsonl a2.jsonl scores.csv b.gguf"


def write(folder: Path, text: str, name: str = "study.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(StudyError) as caught:
        load_study(write(folder, text))
    return str(caught.value).replace(f"{folder}{os.sep}", "")


def changed(old: str, new: str) -> str:
    assert VALID.count(old) >= 1, old
    return VALID.replace(old, new, 1)


def assert_refused(folder: Path, old: str, new: str, where: str, fix: str) -> None:
    """With this change the study is refused by a line that begins with `where` and says the fix."""
    message = refusal(folder, changed(old, new))
    (line,) = [row for row in message.split("\n") if row.startswith(f"study.yaml:{where}")] or [message]
    assert line.startswith(f"study.yaml:{where}")
    assert fix in line
