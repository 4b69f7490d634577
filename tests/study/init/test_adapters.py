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


def test_checkpoints_of_a_training_without_a_result_are_steps_of_one_seed(tmp_path: Path) -> None:
    for step in (200, 1000):
        adapter(tmp_path / "math-s3", f"checkpoint-{step}")
    found = draft(tmp_path / "math-s3", BASE, SUITE)
    assert [(one.name, one.recipe, one.seed, one.step) for one in found.study.adapters] == [
        ("math-s3-checkpoint-200", "math", 3, 200),
        ("math-s3-checkpoint-1000", "math", 3, 1000),
    ]
    assert "2 checkpoints are listed as steps of one seed" in " ".join(found.warnings)


def test_a_training_without_a_seed_in_its_name_is_a_recipe_of_one_seed(tmp_path: Path) -> None:
    for run in ("math", "chat"):
        for step in (1, 2):
            adapter(tmp_path / run, f"checkpoint-{step}")
    found = draft(tmp_path, BASE, SUITE)
    assert [(one.recipe, one.seed, one.step) for one in found.study.adapters] == [
        ("chat", None, 1),
        ("chat", None, 2),
        ("math", None, 1),
        ("math", None, 2),
    ]


def test_checkpoints_beside_a_result_are_offered_and_listed_where_they_are_asked_for(tmp_path: Path) -> None:
    run = adapter(tmp_path / "runs", "math-s1")
    adapter(run, "checkpoint-5")
    adapter(run, "reference")
    found = draft(tmp_path / "runs", BASE, SUITE)
    assert [one.name for one in found.study.adapters] == ["math-s1"]
    assert "2 more adapters lie within it (checkpoint-5, ...)" in found.warnings[0]
    assert "give --steps" in found.warnings[0]
    stepped = draft(tmp_path / "runs", BASE, SUITE, steps=True)
    assert [(one.name, one.recipe, one.seed, one.step) for one in stepped.study.adapters] == [
        ("math-s1-checkpoint-5", "math", 1, 5),
        ("math-s1", "math", 1, None),
    ]
    assert "another adapter lies within it (reference, ...)" in stepped.warnings[0]


def test_steps_of_several_seeds_share_a_recipe(tmp_path: Path) -> None:
    for seed in (1, 2):
        for step in (5, 10):
            adapter(tmp_path / f"math-s{seed}", f"checkpoint-{step}")
    found = draft(tmp_path, BASE, SUITE)
    assert {one.recipe for one in found.study.adapters} == {"math"}
    assert [(one.seed, one.step) for one in found.study.adapters] == [(1, 5), (1, 10), (2, 5), (2, 10)]
