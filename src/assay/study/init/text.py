"""The text of a drafted study: YAML with a comment wherever the user has to decide. It reads no file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from assay.study.init.entries import UNKNOWN, Entry
from assay.study.strict import dump
from assay.text import plain

__all__ = ["SuiteTask", "study_text"]

_COLUMN = 34
"""Where comments at the end of a line begin."""


class SuiteTask(Protocol):
    """The parts of a task's class (`assay.tasks.Task`) that a draft needs."""

    @property
    def kind(self) -> str: ...  # noqa: D102
    @property
    def capability(self) -> str: ...  # noqa: D102
    @property
    def data_field(self) -> str: ...  # noqa: D102
    @property
    def source(self) -> str: ...  # noqa: D102
    @property
    def hub(self) -> Any: ...  # noqa: D102


def study_text(
    name: str,
    base: tuple[str, str, bool],
    adapters: Sequence[tuple[Entry, str]],
    suite: Mapping[str, SuiteTask],
) -> str:
    """A study file.

    base: its name, its folder or hub id, and whether it is a folder. adapters: each with its path in the study.
    """
    lines = [
        "# Drafted by `assay init`. Check every label and task, then:",
        "#   assay plan study.yaml     what it can show, and what it costs",
        "#   assay run study.yaml",
        f"name: {_scalar(name)}",
        "",
        "bases:",
        f"  - name: {_scalar(base[0])}",
        f"    model: {_scalar(base[1])}",
        *([] if base[2] else ["    # revision: a commit of it, so that the base stays the same"]),
        "",
        "adapters:",
    ]
    for adapter, path in adapters:
        lines += _adapter(adapter, path)
    lines += [
        "",
        "# Each label claims a gain on the task of its capability; the other task shows drift.",
        "tasks:",
    ]
    for task, kind in suite.items():
        lines += _task(task, kind)
    lines += [
        "",
        _commented("margin: 0.05", "the smallest gain that matters: 5 points"),
        _commented("alpha: 0.05", "the error rate of each adapter's claims"),
        "",
        "# decoding: {max_tokens: 1280}   # each task brings defaults: greedy, the base's chat template",
        "# engine: {name: torch, dtype: bfloat16}",
    ]
    return "\n".join(lines) + "\n"


def _adapter(adapter: Entry, path: str) -> Iterator[str]:
    yield f"  - name: {_scalar(adapter.name)}"
    if adapter.note:
        yield f"    # {plain(adapter.note)}"
    label = f"    label: {_scalar(adapter.label)}"
    if adapter.label == UNKNOWN and adapter.guess:
        yield _commented(label, "no hint: write instruction or numeric")
    elif adapter.guess:
        yield _commented(label, f"guessed from {plain(adapter.guess)}: check it")
    else:
        yield label
    if adapter.recipe:
        yield f"    recipe: {_scalar(adapter.recipe)}"
    if adapter.seed is not None:
        yield f"    seed: {adapter.seed}"
    if adapter.step is not None:
        yield f"    step: {adapter.step}"
    if adapter.settings:
        yield f"    settings: {_flow(adapter.settings)}"
    yield f"    path: {_scalar(path)}"


def _task(name: str, task: SuiteTask) -> Iterator[str]:
    """A task, with a commented line for a local file of its data."""
    yield f"  - task: {task.kind}"
    if name != task.kind:
        yield f"    name: {name}"
    where = (
        f"a local file; else {task.hub.repo} from the hub, at a pinned commit"
        if task.hub
        else "its data file"
    )
    yield _commented(f"    # {task.data_field}: {task.source.rpartition('/')[2]}", where)


def _commented(line: str, comment: str) -> str:
    return f"{line:{_COLUMN - 1}} # {comment}"


def _flow(settings: Mapping[str, str | int | float | bool]) -> str:
    return "{" + ", ".join(f"{key}: {_scalar(value)}" for key, value in settings.items()) + "}"


def _scalar(value: str | int | float | bool) -> str:
    """A value as a study takes it, quoted where that is needed."""
    return dump({"x": value})[len("x: ") :].rstrip("\n")
