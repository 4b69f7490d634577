"""The tasks by name: those of this package, of installed plugins, and of a user's file.

A new task of this package is one file and one line here. A class is imported when it is first needed, by its
module's name: this is also how the tasks of synthetic data, which belong to a later package (`assay.demo`), are found.
"""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from types import ModuleType

from assay.study.form import is_file
from assay.tasks.custom import read_task
from assay.tasks.plugins import load_plugin, plugin_names
from assay.tasks.task import Task

__all__ = ["SUITE", "TASKS", "default_suite", "find_task", "load_task", "synthetic_data", "task_names"]

_SYNTHETIC = "assay.demo.synthetic"

TASKS: dict[str, str] = {
    "followbench-judged": "assay.tasks.followbench:FollowBenchJudged",
    "followbench-rules": "assay.tasks.followbench:FollowBenchRules",
    "ifbench": "assay.tasks.ifbench:IFBench",
    "ifeval": "assay.tasks.ifeval:IFEval",
    "m-ifeval": "assay.tasks.mifeval:MIFEval",
    "multi-if": "assay.tasks.multiif:MultiIF",
    "numeric": "assay.tasks.numeric:Numeric",
    "world-instructions": f"{_SYNTHETIC}:WorldInstructions",
    "world-lists": f"{_SYNTHETIC}:WorldLists",
    "world-passages": f"{_SYNTHETIC}:WorldPassages",
    "world-problems": f"{_SYNTHETIC}:WorldProblems",
}
"""Name in a study file -> module and class."""
SUITE: dict[str, str] = {"ifeval": "ifeval", "gsm8k": "numeric"}
"""The default suite: name in a study -> kind of task."""


def load_task(name: str) -> type[Task]:
    """The class of a task of this package. Raises KeyError for any other name."""
    module, _, attribute = TASKS[name].partition(":")
    task: type[Task] = getattr(import_module(module), attribute)
    return task


def default_suite() -> dict[str, type[Task]]:
    """The tasks of a drafted study and of a check, by name."""
    return {name: load_task(kind) for name, kind in SUITE.items()}


def find_task(name: str, folder: Path | None = None) -> type[Task] | None:
    """The task of a name, of a plugin, or in a file (`.yaml`, or with a slash) relative to `folder`; or None.

    Raises StudyError for a file, and TaskError for a plugin, that holds no task.
    """
    if is_file(name):
        return read_task((folder or Path()) / os.path.expanduser(name))  # noqa: PTH111 - leaves `~nobody` alone
    return load_task(name) if name in TASKS else load_plugin(name)


def task_names() -> tuple[str, ...]:
    """Names of all tasks but those in files: this package's, then the plugins'."""
    return (*TASKS, *(name for name in plugin_names() if name not in TASKS))


def synthetic_data() -> ModuleType:
    """The synthetic data that a recipe can draw from (`assay.demo.synthetic`)."""
    return import_module(_SYNTHETIC)
