"""Judges a drawn pair by the task of its kind."""

from __future__ import annotations

from assay.demo.synthetic import Pair
from assay.tasks import Example, load_task


def judged(kind: str, pair: Pair) -> int:
    task = load_task(f"world-{kind}")()
    return task.score(Example(pair.key, pair.prompt, pair.data), pair.response).passed[0]
