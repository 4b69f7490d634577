"""Adapters are found on disk, and read as far as a draft needs them."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay import load_study
from assay.errors import StudyError
from assay.study.init import draft, write_draft
from tests.study.init.drafts import BASE, SUITE, adapter


def test_one_adapter_can_be_named_itself(tmp_path: Path) -> None:
    inner = adapter(tmp_path, "chatty")
    adapter(inner, "checkpoint-10")
    found = draft(inner, BASE, SUITE)
    assert [(one.name, one.path) for one in found.study.adapters] == [("chatty", ".")]
    assert "another adapter lies within it (checkpoint-10, ...)" in found.warnings[0]
    write_draft(found, inner / "study.yaml")
    loaded = load_study(inner / "study.yaml")
    assert loaded.source(loaded.adapters[0].path or "") == inner


def test_an_unreadable_adapter_is_left_out_and_told(tmp_path: Path) -> None:
    adapter(tmp_path / "mine", "chat")
    (adapter(tmp_path / "mine", "broken") / "adapter_config.json").write_text("{")
    found = draft(tmp_path / "mine", BASE, SUITE)
    assert [one.name for one in found.study.adapters] == ["chat"]
    assert "broken" in found.warnings[0]
    assert "left out" in found.warnings[0]


def test_a_folder_without_adapters_is_refused(tmp_path: Path) -> None:
    adapter(tmp_path, "too/deep/by/far")
    with pytest.raises(StudyError, match="no adapter here"):
        draft(tmp_path, BASE, SUITE)
    with pytest.raises(StudyError, match="no such folder"):
        draft(tmp_path / "nowhere", BASE, SUITE)
