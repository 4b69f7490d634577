"""`assay tasks`: what can be measured."""

from __future__ import annotations

import json as json_text
from collections.abc import Mapping, Sequence
from typing import Any

from assay.cli.app import Json, print_json
from assay.cli.tables import console, table, text

__all__ = ["show_tasks", "tasks"]


def tasks(json: Json = False) -> None:
    """List the tasks that can be measured."""
    if json:
        print_json(_listed())
    else:
        show_tasks(_listed())


def _listed() -> list[dict[str, Any]]:
    from assay.tasks import find_task, task_names

    return [
        {
            "task": name,
            "capability": task.capability,
            "data": task.data_field,
            "source": task.source,
            "modes": list(task.modes),
            "metrics": [metric.name for metric in task.metrics],
            "max_tokens": task.form.max_tokens,
            "shots": task.form.shots,
            "stop": list(task.form.stop),
        }
        for name in task_names()
        if (task := find_task(name)) is not None
    ]


def show_tasks(listed: Sequence[Mapping[str, Any]]) -> None:
    """The tasks and their metrics, primary first; then where their data comes from, and what holds by default."""
    rows = ([task["task"], task["capability"], ", ".join(task["metrics"])] for task in listed)
    screen = console()
    screen.print(
        table("Tasks (the first metric is the primary one)", ["task", "capability", "metrics"], 3, rows=rows)
    )
    for task in listed:
        defaults = _defaults(task)
        screen.print(text(f"{task['task']}: {defaults}" if defaults else task["task"]), soft_wrap=True)
        screen.print(text(f"- `{task['data']}`: {task['source']}"), soft_wrap=True)


def _defaults(task: Mapping[str, Any]) -> str:
    """What holds where the study does not set it; empty where the task does not say."""
    listed = [f"max_tokens {task['max_tokens']}"] if "max_tokens" in task else []
    unframed = [f"shots {task['shots']}"] if task.get("shots") else []
    if task.get("stop"):
        unframed.append(
            f"stop {', '.join(json_text.dumps(text, ensure_ascii=False) for text in task['stop'])}"
        )
    if unframed:
        listed.append(f"without a chat template {', '.join(unframed)}")
    return "; ".join(listed)
