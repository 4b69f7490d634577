"""Makes small studies of recorded responses whose every pass and fail is chosen by the test."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

RIGHT, WRONG = "#### 1", "#### 2"


def jsonl(path: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    """Write rows as JSON Lines."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def examples(folder: Path, count: int, name: str = "examples.jsonl") -> Path:
    """`count` questions whose answer is 1."""
    return jsonl(
        folder / name, ({"key": str(i), "question": f"question {i}", "answer": "1"} for i in range(count))
    )


def responses(path: Path, passes: Sequence[bool]) -> str:
    """A file of responses, right where `passes` says so. Returns its name."""
    texts = (f"{RIGHT if right else WRONG}" for right in passes)
    jsonl(path, ({"key": str(i), "response": f"{text}"} for i, text in enumerate(texts)))
    return path.name


def table(
    better: int, worse: int, count: int, base_right: int | None = None
) -> tuple[list[bool], list[bool]]:
    """Passes of a base and an adapter of which `better` and `worse` prompts differ."""
    both = (base_right or worse) - worse
    neither = count - better - worse - both
    base = [False] * better + [True] * worse + [True] * both + [False] * neither
    adapter = [True] * better + [False] * worse + [True] * both + [False] * neither
    return base, adapter


def write_study(folder: Path, document: Mapping[str, Any]) -> Path:
    """Write a study file."""
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(dict(document), sort_keys=False), encoding="utf-8")
    return path


def one_task_study(
    folder: Path, base: Sequence[bool], adapters: Mapping[str, Sequence[bool]], **fields: Any
) -> Path:
    """A study of one numeric task, `math`, and adapters labelled `numeric`."""
    folder.mkdir(parents=True, exist_ok=True)
    examples(folder, len(base))
    document = {
        "name": "small",
        "bases": [{"name": "base", "responses": {"math": responses(folder / "base.jsonl", base)}}],
        "adapters": [
            {
                "name": name,
                "label": "numeric",
                "responses": {"math": responses(folder / f"{name}.jsonl", passes)},
            }
            for name, passes in adapters.items()
        ],
        "tasks": [{"task": "numeric", "name": "math", "examples": "examples.jsonl"}],
        **fields,
    }
    return write_study(folder, document)


def study_with(folder: Path, better: int, worse: int) -> Path:
    """A study of one adapter `a` and 400 prompts, of which it alone passes `better` and its base alone `worse`."""
    base, adapter = table(better, worse, 400, 200)
    return one_task_study(folder, base, {"a": adapter})


def edit(path: Path, change: Any) -> None:
    document = yaml.safe_load(path.read_text())
    change(document)
    path.write_text(yaml.safe_dump(document, sort_keys=False))
