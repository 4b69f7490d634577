"""Packages may bring tasks; one that is broken is named and harms no other."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from typing import ClassVar

import pytest

from assay.errors import StudyError, TaskError
from assay.runs.tasks import resolve_tasks
from assay.study import Study
from assay.tasks import find_task, load_plugin, load_task, plugin_names
from assay.tasks.numeric import Numeric
from assay.tasks.task import Task

Bring = Callable[..., None]


class Haiku(Numeric):
    kind: ClassVar[str] = "haiku"


class Half(Task):
    kind: ClassVar[str] = "half"


NOT_A_TASK = "a text"


@pytest.fixture
def bring(monkeypatch: pytest.MonkeyPatch) -> Bring:
    def install(**named: str) -> None:
        points = [EntryPoint(name, f"{__name__}:{value}", "assay.tasks") for name, value in named.items()]
        monkeypatch.setattr(
            "assay.tasks.plugins.entry_points",
            lambda **wanted: EntryPoints(points).select(**wanted),
        )

    return install


def test_a_package_brings_a_task_by_name(bring: Bring) -> None:
    bring(haiku="Haiku")
    assert plugin_names() == ("haiku",)
    assert find_task("haiku") is Haiku
    study = Study.from_dict(
        {
            "name": "x",
            "bases": [{"name": "b", "model": "org/b"}],
            "adapters": [{"name": "a", "label": "numeric", "path": "org/a"}],
            "tasks": [{"task": "haiku", "examples": "x.jsonl"}],
        },
        Path(),
        check_files=False,
    )
    assert resolve_tasks(study)["haiku"].scorer == "haiku/2/reference"


def test_names_of_assay_itself_stay(bring: Bring) -> None:
    bring(numeric="Haiku")
    assert find_task("numeric") is load_task("numeric") is Numeric


def test_nothing_is_brought_where_nothing_is_installed(bring: Bring) -> None:
    bring()
    assert (plugin_names(), find_task("haiku")) == ((), None)


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ({"haiku": "Missing"}, "cannot be loaded: AttributeError"),
        ({"haiku": "NOT_A_TASK"}, "is not a complete subclass of assay.tasks.Task"),
        ({"half": "Half"}, "is not a complete subclass of assay.tasks.Task"),
        ({"limerick": "Haiku"}, "calls itself 'haiku'"),
    ],
)
def test_a_broken_package_is_named_and_harms_no_other_task(
    bring: Bring, named: dict[str, str], message: str
) -> None:
    bring(**named)
    (name,) = named
    with pytest.raises(TaskError, match=message):
        load_plugin(name)
    assert find_task("numeric") is Numeric
    study = {
        "name": "x",
        "bases": [{"name": "b", "model": "org/b"}],
        "adapters": [{"name": "a", "label": "numeric", "path": "org/a"}],
        "tasks": [{"task": name}],
    }
    with pytest.raises(StudyError, match=f"task '{name}' of the package"):
        resolve_tasks(Study.from_dict(study))


def test_two_packages_cannot_bring_one_name(monkeypatch: pytest.MonkeyPatch) -> None:
    points = EntryPoints(EntryPoint("haiku", f"{part}:Haiku", "assay.tasks") for part in ("a", "b"))
    monkeypatch.setattr("assay.tasks.plugins.entry_points", lambda **wanted: points.select(**wanted))
    with pytest.raises(TaskError, match="uninstall one"):
        load_plugin("haiku")
