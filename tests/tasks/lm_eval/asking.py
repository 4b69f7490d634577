"""Makes a task of lm-eval's, its requests, and right answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from assay.tasks.lm_eval import LmEvalTask, lm_eval_task
from assay.tasks.task import Answer, Example, Request


def made(name: str, folder: Path) -> tuple[LmEvalTask, tuple[Example, ...]]:
    task = lm_eval_task(name, folder)()
    return task, task.draw(None, 0)


def asked(task: LmEvalTask, examples: Sequence[Example]) -> list[tuple[Request, ...]]:
    return list(task.requests(examples, None, task.form.shots))


def right(example: Example) -> list[Answer]:
    """The right choice likelier than the others, with its context and without."""
    doc = example.data["doc"]
    gold = doc["label"] if example.data["inputs"] else doc["gold"]
    count = 2 if example.data["inputs"] else 8
    return [Answer("", -1.0 if place == gold else -2.0, False) for place in range(count)]
