"""Tasks that installed packages bring, under the entry point group `assay.tasks`. It loads one only when asked.

    [project.entry-points."assay.tasks"]            # in the package's pyproject.toml
    haiku = "haiku_assay:Haiku"                     # a subclass of assay.tasks.Task whose `kind` is "haiku"

A name that assay itself has stays assay's.
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
    """Names of the tasks that installed packages bring, sorted. Loads none of them."""
    return tuple(sorted({point.name for point in entry_points(group=GROUP)}))


def load_plugin(name: str) -> type[Task] | None:
    """The task of this name that a package brings; None where none does.

    Raises TaskError, naming the package, if it cannot be loaded or is no task.
    """
    points = list({point.value: point for point in entry_points(group=GROUP, name=name)}.values())
    if not points:
        return None
    if len(points) > 1:
        names = " and ".join(sorted(map(_package, points)))
        raise TaskError(f"task {name!r} is brought by {names}; uninstall one")
    (point,) = points
    where = f"task {name!r} of the package {_package(point)} ({point.value})"
    try:
        found = point.load()
    except Exception as bad:
        raise TaskError(
            f"{where} cannot be loaded: {type(bad).__name__}: {str(bad)[:200]}; mend or uninstall the package"
        ) from bad
    if not isinstance(found, type) or not issubclass(found, Task) or isabstract(found):
        raise TaskError(f"{where} is no whole subclass of assay.tasks.Task; tell the package's author")
    if missing := [field for field in _NEEDED if not hasattr(found, field)]:
        raise TaskError(f"{where} lacks {', '.join(missing)}; tell the package's author")
    if found.kind != name:
        raise TaskError(f"{where} calls itself {found.kind!r}; both names have to be one: tell its author")
    return found


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist else "unknown"
