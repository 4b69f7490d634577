"""Tasks of installed packages, under the entry point group `assay.tasks`. One is loaded only when it is needed.

    [project.entry-points."assay.tasks"]            # in the package's pyproject.toml
    haiku = "haiku_assay:Haiku"                     # a subclass of assay.tasks.Task whose `kind` is "haiku"

A name of assay's own tasks stays assay's.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from inspect import isabstract

from assay.errors import TaskError
from assay.tasks.task import Task

__all__ = ["GROUP", "load_plugin", "plugin_names"]

GROUP = "assay.tasks"
_NEEDED = ("kind", "capability", "metrics", "data_field", "form", "version")


def plugin_names() -> tuple[str, ...]:
    """Names of the tasks of installed packages, sorted. Loads none of them."""
    return tuple(sorted({point.name for point in entry_points(group=GROUP)}))


def load_plugin(name: str) -> type[Task] | None:
    """The task of this name that a package provides; None where none does.

    Raises TaskError, naming the package, if it cannot be loaded or is no task.
    """
    points = list({point.value: point for point in entry_points(group=GROUP, name=name)}.values())
    if not points:
        return None
    if len(points) > 1:
        packages = " and ".join(sorted(map(_package, points)))
        raise TaskError(f"task {name!r} is provided by both {packages}", fix="uninstall one")
    (point,) = points
    where = f"task {name!r} of the package {_package(point)} ({point.value})"
    try:
        task = point.load()
    except Exception as bad:
        cause = f"{type(bad).__name__}: {str(bad)[:200]}"
        raise TaskError(f"{where} cannot be loaded: {cause}", fix="fix or uninstall the package") from bad
    problem = ""
    if not isinstance(task, type) or not issubclass(task, Task) or isabstract(task):
        problem = "is not a complete subclass of assay.tasks.Task"
    elif missing := [field for field in _NEEDED if not hasattr(task, field)]:
        problem = f"lacks {', '.join(missing)}"
    elif task.kind != name:
        problem = f"calls itself {task.kind!r}, and both names have to be the same"
    if problem:
        raise TaskError(f"{where} {problem}", fix="report it to the package's author")
    return task  # type: ignore[no-any-return]


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist else "unknown"
