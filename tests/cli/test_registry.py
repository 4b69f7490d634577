"""`assay registry` as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("sqlalchemy", reason="the extra `registry` is not installed")

import assay
from tests.studies import study_with


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A complete run, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ASSAY_REGISTRY", raising=False)
    assay.run(study_with(tmp_path / "in", 60, 10), tmp_path / "runs" / "mine")
    return tmp_path / "runs" / "mine"


def test_runs_are_added_and_listed(call: Any, run: Path) -> None:
    assert call("registry", "add", run).out == f"{run}: 1 verdict in runs/registry.sqlite\n"
    listed = call("registry", "list")
    assert listed.code == 0
    assert "confirmed" in listed.words
    assert "Of 1 current claim, at least 0 fail and at least 1 holds" in listed.words
    assert "no verdict matches" in call("registry", "list", "--label", "instruction").words


def test_json_holds_every_figure_and_digest(call: Any, run: Path) -> None:
    added = json.loads(call("registry", "add", run, "--json").out)
    assert added == {"registry": "runs/registry.sqlite", "added": {str(run): 1}}
    data = json.loads(call("registry", "list", "--json").out)
    (verdict,) = data["verdicts"]
    assert (verdict["adapter"], verdict["verdict"], verdict["stale"], verdict["current"]) == (
        "a",
        "confirmed",
        False,
        True,
    )
    assert verdict["interval"][0] < verdict["gain"] < verdict["interval"][1]
    assert len(verdict["prompts_sha256"]) == 64
    assert data["line"]["holds"] == 1


@pytest.mark.parametrize(
    "arguments",
    [["add"], ["list", "runs/mine"], ["list", "--registry", "elsewhere.sqlite"], ["add", "nowhere"]],
)
def test_wrong_use_exits_64(call: Any, run: Path, arguments: list[str]) -> None:
    call("registry", "add", run)
    assert call("registry", *arguments).code == 64


def test_stale_verdicts_are_listed_alone(call: Any, run: Path) -> None:
    call("registry", "add", run)
    assert "no verdict matches" in call("registry", "list", "--freshness", "stale").words
    assert "stale" in call("registry", "list", "--freshness", "stale", "--max-age", "0").words
