"""`assay watch` as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("sqlalchemy", reason="the extra `registry` is not installed")

from tests.registry.watching import adapters, template


def test_each_adapter_is_a_line_and_the_registrys_line_comes_last(
    call: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    adapters(tmp_path, "thing")
    arguments = ("watch", "adapters", "--study", template(tmp_path), "--once", "--registry", "r.sqlite")
    outcome = call(*arguments)
    assert outcome.code == 0
    first, last = outcome.out.splitlines()
    assert first.startswith("thing: unusable: ")
    assert "no hint at its label" in first
    assert last.startswith("Of 0 current claims")
    (line,) = call(*arguments, "--json").out.splitlines()
    assert (json.loads(line)["adapter"], json.loads(line)["state"]) == ("thing", "unusable")


def test_a_missing_folder_or_template_exits_64(call: Any, tmp_path: Path) -> None:
    place = ("--once", "--registry", tmp_path / "r.sqlite")
    assert call("watch", tmp_path / "nowhere", "--study", template(tmp_path), *place).code == 64
    assert call("watch", tmp_path, "--study", tmp_path / "nowhere.yaml", *place).code == 64
