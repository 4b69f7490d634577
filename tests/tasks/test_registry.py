"""Every task of this package is found by its name, and names come from one place."""

from __future__ import annotations

import pytest

from assay.tasks import SUITE, TASKS, Task, default_suite, find_task, load_task, task_names


@pytest.mark.parametrize("name", TASKS)
def test_a_task_is_what_its_name_says(name: str) -> None:
    task = load_task(name)
    assert issubclass(task, Task)
    assert task.kind == name
    assert find_task(name) is task


def test_this_packages_names_come_first_and_once() -> None:
    assert task_names()[: len(TASKS)] == tuple(TASKS)
    assert len(set(task_names())) == len(task_names())


def test_the_default_suite_is_of_these_tasks() -> None:
    assert {name: task.kind for name, task in default_suite().items()} == SUITE


def test_an_unknown_name_finds_nothing() -> None:
    assert find_task("no-such-task") is None
    with pytest.raises(KeyError):
        load_task("no-such-task")
