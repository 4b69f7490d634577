"""The text of a drafted study: YAML that people read, with a comment wherever something is theirs to decide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from assay.drafting.sorting import UNKNOWN, Entry
from assay.report.words import plain
from assay.study.strict import dump
from assay.tasks import load_task

__all__ = ["TASK_NAMES", "study_text"]

TASK_NAMES = (("ifeval", "ifeval", "input_data.jsonl"), ("numeric", "gsm8k", "test.jsonl"))
"""Kind, name in the study, and a data file as its source calls it."""
_COLUMN = 34
"""Where comments at the end of a line begin."""


def study_text(
    name: str, base: tuple[str, str], adapters: Sequence[Entry], paths: Sequence[str], hub: bool
) -> str:
    """A study file. base: its name, and its folder or hub id. paths: of the adapters, as the study names them.

    hub: whether the base is a hub id.
    """
    lines = [
        "# Drafted by `assay init`. Look at every label and task, then:",
        "#   assay plan study.yaml     what it can find out, and what it costs",
        "#   assay run study.yaml",
        f"name: {_scalar(name)}",
        "",
        "bases:",
        f"  - name: {_scalar(base[0])}",
        f"    model: {_scalar(base[1])}",
        *(["    # revision: a commit of it, so that the base stays the same"] if hub else []),
        "",
        "adapters:",
    ]
    for adapter, path in zip(adapters, paths, strict=True):
        lines += _adapter(adapter, path)
    lines += [
        "",
        "# Each label claims a gain on the task of its capability; the other task shows drift.",
        "tasks:",
    ]
    for kind, task, file in TASK_NAMES:
        lines += _task(kind, task, file)
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
        yield _commented(label, "nothing hints at it: write instruction or numeric")
    elif adapter.guess:
        yield _commented(label, f"guessed from {plain(adapter.guess)}: check it")
    else:
        yield label
    if adapter.recipe:
        yield f"    recipe: {_scalar(adapter.recipe)}"
    if adapter.seed is not None:
        yield f"    seed: {adapter.seed}"
    if adapter.settings:
        yield f"    settings: {_flow(adapter.settings)}"
    yield f"    path: {_scalar(path)}"


def _task(kind: str, name: str, file: str) -> Iterator[str]:
    """A task, with a commented line for a local file of its data."""
    task = load_task(kind)
    yield f"  - task: {kind}"
    if name != kind:
        yield f"    name: {name}"
    where = (
        f"a local file; else {task.hub.repo} from the hub, at a pinned commit"
        if task.hub
        else "its data file"
    )
    yield _commented(f"    # {task.data_field}: {file}", where)


def _commented(line: str, comment: str) -> str:
    return f"{line:{_COLUMN - 1}} # {comment}"


def _flow(settings: Mapping[str, str | int | float | bool]) -> str:
    return "{" + ", ".join(f"{key}: {_scalar(value)}" for key, value in settings.items()) + "}"


def _scalar(value: str | int | float | bool) -> str:
    """A value as a study takes it, quoted where that is needed."""
    return dump({"x": value})[len("x: ") :].rstrip("\n")
