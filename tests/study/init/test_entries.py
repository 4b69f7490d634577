"""Names, labels and recipes of the adapters of a draft."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.study.init import draft
from tests.study.init.drafts import BASE, SUITE, adapter, drafted, names


@pytest.mark.parametrize(
    ("name", "recipe", "seed"),
    [
        ("qa-s1", "qa", 1),
        ("qa-seed1", "qa", 1),
        ("qa_seed_02", "qa", 2),
        ("qa.Seed-7", "qa", 7),
        ("qa-1000", "qa-1000", None),
        ("llms1", "llms1", None),
        ("classes-3", "classes-3", None),
    ],
)
def test_recipe_and_seed_are_read_from_a_name(
    tmp_path: Path, name: str, recipe: str, seed: int | None
) -> None:
    adapter(tmp_path / "mine", name)
    (one,) = drafted(tmp_path / "mine", label="instruction").adapters
    assert (one.name, one.recipe, one.seed) == (name, recipe, seed)


def test_folders_that_are_named_by_seed_alone_take_their_parents_name(tmp_path: Path) -> None:
    for name in ("math/seed1", "math/seed2", "chat/seed1"):
        adapter(tmp_path / "mine", name)
    study = drafted(tmp_path / "mine")
    assert names(study) == ["chat-seed1", "math-seed1", "math-seed2"]
    assert [one.recipe for one in study.adapters] == ["chat", "math", "math"]


def test_equal_folder_names_become_different_names(tmp_path: Path) -> None:
    for name in ("a/final", "b/final", "Qwen3-4B", "a-final"):
        adapter(tmp_path / "mine", name)
    assert names(drafted(tmp_path / "mine", label="numeric")) == [
        "mine-Qwen3-4B",
        "a-final",
        "a-final-2",
        "b-final",
    ]


def test_adapters_of_a_recipe_that_differ_get_recipes_of_their_own(tmp_path: Path) -> None:
    adapter(tmp_path / "mine", "qa-s1", r=4)
    adapter(tmp_path / "mine", "qa-s2", r=8)
    adapter(tmp_path / "mine", "ma-s1")
    adapter(tmp_path / "mine", "ma-seed1")
    found = draft(tmp_path / "mine", BASE, SUITE, "instruction")
    assert all(one.recipe == one.name for one in found.study.adapters)
    assert "qa-s1, qa-s2: no common recipe: they differ in rank" in found.warnings
    assert "ma-s1, ma-seed1: no common recipe: they differ in name only, not in seed" in found.warnings


def test_an_adapter_named_as_a_recipe_stays_out_of_it(tmp_path: Path) -> None:
    for name in ("qa", "qa-s1", "qa-s2"):
        adapter(tmp_path / "mine", name)
    assert [one.recipe for one in drafted(tmp_path / "mine", label="instruction").adapters] == [
        "qa-alone",
        "qa",
        "qa",
    ]


def test_a_given_label_is_no_guess(tmp_path: Path) -> None:
    adapter(tmp_path / "mine", "alpaca")
    found = draft(tmp_path / "mine", BASE, SUITE, label="numeric")
    assert "guessed" not in found.text
    assert found.study.adapters[0].label == "numeric"


def test_an_adapter_of_another_base_is_warned_of(tmp_path: Path) -> None:
    adapter(tmp_path / "mine", "chat-a", base_model_name_or_path="meta-llama/Llama-3-8B")
    adapter(tmp_path / "mine", "chat-b", base_model_name_or_path="/disk/models/qwen3-4b/")
    found = draft(tmp_path / "mine", BASE, SUITE)
    (warning,) = found.warnings
    assert warning.startswith(
        "chat-a: its adapter_config.json names the base meta-llama/Llama-3-8B, not Qwen/"
    )
    assert "# its adapter_config.json names the base meta-llama/Llama-3-8B" in found.text
