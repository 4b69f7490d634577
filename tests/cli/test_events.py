"""Events of a run as lines of JSON, for programs that follow a command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import assay
from assay.cli.events import EventLines, print_events
from assay.cli.interrupt import follow
from assay.engines import Fake
from tests.runs.generating import answer, generating


def test_each_event_is_printed_once(tmp_path: Path) -> None:
    written: list[str] = []
    lines = EventLines(tmp_path / "run", written.append)
    lines()
    assert written == []
    assay.run(generating(tmp_path), tmp_path / "run", engine=Fake(answer).preflight)
    lines()
    lines()
    with assay.Run.open(tmp_path / "run") as run:
        assert [json.loads(line)["id"] for line in written] == [event.id for event in run.events()]
    kinds = [json.loads(line)["kind"] for line in written]
    assert "started" in kinds
    assert kinds[-1] == "analyzed"
    (progress, *_) = [json.loads(line)["data"] for line in written if json.loads(line)["kind"] == "progress"]
    assert progress["parts"]
    assert {"done", "total", "tokens", "tokens_per_second", "seconds_left", "at_most"} <= progress.keys()


def test_events_of_earlier_starts_are_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = generating(tmp_path)
    assay.run(study, tmp_path / "run", engine=Fake(answer).preflight)
    with assay.Run.open(tmp_path / "run") as run:
        last = run.events()[-1].id
    with print_events(tmp_path / "run"):
        assay.run(study, tmp_path / "run", engine=Fake(answer).preflight)
    events = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert events[0]["id"] == last + 1
    assert events[-1]["kind"] == "analyzed"


def test_a_command_with_json_prints_events_in_place_of_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with follow(tmp_path / "run", json=True) as progress:
        assay.run(generating(tmp_path), tmp_path / "run", progress, Fake(answer).preflight)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert [json.loads(line)["kind"] for line in captured.err.splitlines()][-1] == "analyzed"
