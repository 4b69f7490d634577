"""Makes the files of a task of one's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from assay.tasks import Example, Score
from assay.tasks.custom import CustomTask, read_task
from tests.studies import jsonl


def task_file(folder: Path, check: Any, rows: Sequence[Mapping[str, Any]] = (), **fields: Any) -> Path:
    """A task's file and its prompts, which are numbered where a row brings none."""
    given = [{"prompt": f"prompt {i}", **row} for i, row in enumerate(rows)]
    jsonl(folder / "tone.jsonl", given)
    path = folder / "tone.yaml"
    document = {"capability": "support", "prompts": "tone.jsonl", "check": check, **fields}
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return path


def custom(folder: Path, check: Any, row: Mapping[str, Any], **fields: Any) -> tuple[CustomTask, Example]:
    """A task with one row, and its example."""
    task = read_task(task_file(folder, check, [row], **fields))()
    assert task.data is not None
    examples = task.read(task.data)
    task.require(examples)
    return task, examples[0]


def scored(folder: Path, check: Any, row: Mapping[str, Any], response: str, **fields: Any) -> Score:
    """What a check says of one response."""
    task, example = custom(folder, check, row, **fields)
    return task.score(example, response)


VALID = """\
capability: support
prompts: tone.jsonl
check:
  exact:
    ignore: [case]
metric: right
max_tokens: 64
stop: ["\\n"]
plain: "Q: {prompt}\\nA:"
shots:
  - {prompt: 1 + 1, response: "2"}
  - {prompt: 2 + 2, response: "4"}
"""


def read(folder: Path, text: str) -> Any:
    path = folder / "tone.yaml"
    path.write_text(text, encoding="utf-8")
    (folder / "check.py").write_text("def judge(e, r): return True\n")
    (folder / "bad.json").write_text("{")
    return read_task(path)
