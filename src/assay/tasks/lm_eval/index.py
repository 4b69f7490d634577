"""lm-eval's index of tasks: the configurations of a name. It loads no data set."""

from __future__ import annotations

import logging
import random
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from threading import RLock
from typing import Any

from assay.errors import TaskError

__all__ = [
    "SEEDS",
    "Configs",
    "as_lm_eval",
    "bundled",
    "bundled_near",
    "find",
    "lm_eval_version",
    "short_error",
]

SEEDS = {"random": 0, "numpy": 1234, "shots": 1234}
"""lm-eval's defaults: of Python's generator, of numpy's, and of the draw of worked examples."""
FOLDERS = 24
"""Of lm-eval's that are read for one name, at most."""
_ALONE = RLock()
NAMED = 12
"""Tasks of a folder that a message names, at most."""


@dataclass(frozen=True, slots=True)
class Configs:
    """The task or tasks of a name."""

    by_task: Mapping[str, Mapping[str, Any]]
    """Configuration of each task, by its name, functions resolved."""
    macro: bool = False
    """Whether the figure of a group is the mean over its tasks, whatever their sizes."""


def lm_eval_version() -> str:
    """Of the installed package."""
    return version("lm_eval")


def find(name: str, folder: Path | None) -> Configs:
    """The task, or all tasks of the group or tag, that lm-eval calls `name`; those in `folder` come first.

    Raises TaskError if lm-eval is not installed, does not know the name, or cannot read what it names.
    """
    if find_spec("lm_eval") is None:
        raise TaskError(
            f"`harness:{name}` needs lm_eval", fix="install it with `pip install 'lora-assay[harness]'`"
        )
    own = {} if folder is None else _own(folder)
    for registry in _registries(name, own):
        entry = registry.get(name)
        if entry is not None and _within(entry, registry, own):
            break
    if entry is None:
        raise _unknown(name, registry, own, folder)
    with as_lm_eval():
        try:
            built = (
                import_module("assay.tasks.lm_eval.shell").Configurations().build(entry, registry=registry)
            )
        except TaskError:
            raise
        except (Exception, SystemExit) as bad:  # its modules are imported, and some end the process
            raise TaskError(
                f"lm-eval cannot read its task {name!r} ({short_error(bad)})",
                fix="install what it needs, or correct its file",
            ) from bad
    configs = dict(_configs(built))
    if not configs:
        raise TaskError(f"lm-eval's group {name!r} has no tasks", fix="name another")
    aggregates = getattr(built, "aggregate_metric_list", None) or ()
    return Configs(configs, any(not aggregate.weight_by_size for aggregate in aggregates))


def _configs(built: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Of a task, a list of tasks (a tag), or a group with others in it."""
    if hasattr(built, "config"):
        yield built.name, built.config
    else:
        for member in built:
            yield from _configs(member)


def _registries(name: str, own: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Indexes to look a name up in, each larger than the one before: that of all tasks takes seconds."""
    yield own
    yield {**bundled_near(name), **own}
    yield {**bundled(), **own}


@cache
def bundled_near(name: str) -> Mapping[str, Any]:
    """What comes with lm-eval in folders of a file that contains `name`; nothing where too many do."""
    root = Path(str(import_module("lm_eval.tasks").__file__)).parent
    folders = {
        path.relative_to(root).parts[0]
        for path in root.rglob("*")
        if path.suffix in ("", ".yaml") and path.is_file() and name.encode() in path.read_bytes()
    }
    folders = {folder for folder in folders if (root / folder).is_dir()}
    if not 0 < len(folders) <= FOLDERS:
        return {}
    # Of two tasks of one name lm-eval takes the first folder's, and of several folders the last one's.
    return _index([str(root / folder) for folder in sorted(folders, reverse=True)])


@cache
def bundled() -> Mapping[str, Any]:
    """Every task, group and tag that comes with lm-eval."""
    return _index(None)


def _index(folders: list[str] | None) -> Mapping[str, Any]:
    """Tasks, groups and tags by name: in these folders, or all that come with lm-eval."""
    with as_lm_eval():
        manager = import_module("lm_eval.tasks").TaskManager(
            include_path=folders, include_defaults=folders is None
        )
    index: Mapping[str, Any] = manager.task_index
    return index


def _own(folder: Path) -> Mapping[str, Any]:
    """Those in a folder. Raises TaskError if it holds none."""
    if not folder.is_dir():
        raise TaskError(
            "no such folder", place=folder, fix="`include_path` names a folder with task files of lm-eval's"
        )
    index = _index([str(folder)])
    if not index:
        raise TaskError(
            f"no task of lm-eval's in it{_unread(folder)}",
            place=folder,
            fix="each is a `.yaml` file with `task:`",
        )
    return index


def _within(entry: Any, known: Mapping[str, Any], own: Mapping[str, Any]) -> bool:
    """Whether `known` has all that an entry refers to: a task refers to nothing, a group to its members.

    Any task may have a tag, so only one's own are known to be whole before all tasks are.
    """
    return entry.name in own if entry.kind.name == "TAG" else _members_within(entry.cfg or {}, known, own)


def _members_within(config: Mapping[str, Any], known: Mapping[str, Any], own: Mapping[str, Any]) -> bool:
    members = config.get("task")
    for member in members if isinstance(members, list) else ():
        inner = member if isinstance(member, Mapping) else {"task": member}
        name = str(inner.get("group") or inner.get("task"))
        if name in known:
            if not _within(known[name], known, own):
                return False
        elif "group" not in inner or not _members_within(inner, known, own):
            return False
    return True


def _unread(folder: Path) -> str:
    """Why lm-eval ignores a file in a folder, the first of them; empty where it reads all."""
    load = import_module("lm_eval.tasks._yaml_loader").load_yaml
    for path in sorted(folder.rglob("*.yaml")):
        try:
            load(path, resolve_func=False)
        except Exception as bad:
            return f" ({path.name} cannot be read: {short_error(bad)})"
    return ""


def _unknown(
    name: str, registry: Mapping[str, Any], own: Mapping[str, Any], folder: Path | None
) -> TaskError:
    close = get_close_matches(name, registry, n=3, cutoff=0.75)
    hint = f"did you mean {' or '.join(repr(other) for other in close)}? " if close else ""
    if folder is None:
        fix = "`lm-eval ls tasks` lists them, and `include_path: FOLDER` adds task files of your own"
        return TaskError(f"lm-eval has no task or group {name!r}", fix=hint + fix)
    names = ", ".join(sorted(own)[:NAMED]) + (", ..." if len(own) > NAMED else "")
    return TaskError(
        f"neither lm-eval nor {folder} has a task or group {name!r}{_unread(folder)}",
        fix=f"{hint}that folder has {names}",
    )


@contextmanager
def as_lm_eval() -> Iterator[None]:
    """Random generators as lm-eval seeds them before it loads a task; all as before afterwards.

    Its log is off, and what tasks print goes to standard error. One thread at a time.
    """
    import numpy

    logger = logging.getLogger("lm_eval")
    with _ALONE, redirect_stdout(sys.stderr):
        state, numpys, level = random.getstate(), numpy.random.get_state(), logger.level
        random.seed(SEEDS["random"])
        numpy.random.seed(SEEDS["numpy"])
        logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            logger.setLevel(level)
            numpy.random.set_state(numpys)
            random.setstate(state)


def short_error(bad: BaseException) -> str:
    """An exception in one short line."""
    return " ".join(f"{type(bad).__name__}: {bad}".split())[:300]
