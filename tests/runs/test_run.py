"""A run's verbs, its state, and what a second process sees of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import assay
from assay import Run, resolve
from assay.engines import Fake
from assay.errors import RunError
from assay.records import Store
from assay.runs.heartbeat import beats, heartbeat
from tests.runs.generating import generating
from tests.studies import RIGHT, one_task_study, table


@pytest.fixture
def study(tmp_path: Path) -> Path:
    base, adapter = table(20, 5, 60, 30)
    return one_task_study(tmp_path, base, {"a": adapter})


def test_the_verbs_one_by_one_find_what_a_run_finds(study: Path, tmp_path: Path) -> None:
    whole = assay.run(study, tmp_path / "whole")
    with Run.start(resolve(study), tmp_path / "run") as run:
        states = [run.state]
        with pytest.raises(RunError, match="some responses are missing"):
            run.check_generated()
        run.generate()
        run.score()
        assert run.analyze().claims == whole.claims
        run.finish()
        assert [*states, run.state] == ["running", "complete"]
    with Run.open(tmp_path / "run") as run:
        run.check_analyzed()
        assert run.analyze().claims == whole.claims


def test_opening_a_run_writes_nothing_though_it_may_not_write(study: Path, tmp_path: Path) -> None:
    assay.run(study, tmp_path / "run")
    files = [path for path in (tmp_path / "run").rglob("*") if path.is_file()]
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files}
    for path in (*files, tmp_path / "run"):
        path.chmod(path.stat().st_mode & ~0o222)
    try:
        with Run.open(tmp_path / "run") as run:
            assert run.state == "complete"
            run.analyze()
    finally:
        for path in (*files, tmp_path / "run"):
            path.chmod(path.stat().st_mode | 0o200)
    assert {path for path in (tmp_path / "run").rglob("*") if path.is_file()} == set(files)
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files} == before


def test_the_plan_of_a_run_is_that_which_it_was_started_with(study: Path, tmp_path: Path) -> None:
    plan = resolve(study)
    with Run.start(plan, tmp_path / "run") as run:
        assert run.manifest().plan == plan.to_json()
    with Run.open(tmp_path / "run") as run:
        assert run.plan == plan


def test_a_run_that_fails_says_why_to_whoever_opens_it(study: Path, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), Run.start(resolve(study), tmp_path / "run"):
        raise RuntimeError("out of memory")
    with Run.open(tmp_path / "run") as run:
        assert (run.state, run.manifest().error) == ("failed", "out of memory")


def test_an_interrupted_run_is_stopped_and_goes_on(study: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), Run.start(resolve(study), tmp_path / "run"):
        raise KeyboardInterrupt
    with Run.open(tmp_path / "run") as run:
        assert run.state == "stopped"
    assert assay.run(study, tmp_path / "run").claims[0].n == 60


def test_a_second_process_sees_that_a_run_is_under_way(study: Path, tmp_path: Path) -> None:
    with Run.start(resolve(study), tmp_path / "run"), Run.open(tmp_path / "run") as seen:
        assert seen.state == "running"
        assert [event.kind for event in seen.events()] == ["plan", "started"]


def test_a_run_whose_heart_stopped_half_a_minute_ago_is_not_running(tmp_path: Path) -> None:
    (tmp_path / ".lock").touch()
    assert beats(tmp_path)
    late = (tmp_path / ".lock").stat().st_mtime - 31
    os.utime(tmp_path / ".lock", (late, late))
    assert not beats(tmp_path)
    with heartbeat(tmp_path):
        assert beats(tmp_path)
    assert not beats(tmp_path)


def test_events_tell_of_what_each_adapter_changes_and_of_refusals(tmp_path: Path) -> None:
    assay.run(generating(tmp_path), tmp_path / "run", engine=Fake(lambda _: RIGHT, inert={"bad"}).preflight)
    with Store.read(tmp_path / "run") as store:
        kinds = [event.kind for event in store.events()]
        refused = store.manifest.refused
    assert kinds.count("liveness") == 2
    assert [*refused] == ["bad"]
    assert refused["bad"].verdict == "not applied"
    assert kinds.index("liveness") < kinds.index("generated") < kinds.index("analyzed")


def test_a_plan_read_from_a_run_starts_none(study: Path, tmp_path: Path) -> None:
    assay.run(study, tmp_path / "run")
    with Run.open(tmp_path / "run") as run:
        with pytest.raises(RunError, match=r"was read from a run.*assay.resolve"):
            Run.start(run.plan, tmp_path / "other")
        with pytest.raises(RunError, match="was read from a run"):
            run.generate()
    assert not (tmp_path / "other").exists()
