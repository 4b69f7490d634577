"""`assay tasks`: what can be measured."""

from __future__ import annotations

from typing import Any

from assay.cli.app import Json, print_json

__all__ = ["tasks"]


def tasks(json: Json = False) -> None:
    """List the tasks that can be measured."""
    from assay.cli.show import show_tasks

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
