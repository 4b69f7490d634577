"""Adapters are found where they lie, by their configuration alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.adapter_folders import CONFIG, is_adapter, split_hub_id, step_of, within, words_within


def adapter(*folders: Path) -> None:
    for folder in folders:
        folder.mkdir(parents=True)
        (folder / CONFIG).write_text("{}")


def test_adapters_within_a_folder_are_found_in_the_order_that_people_count_in(tmp_path: Path) -> None:
    adapter(tmp_path / "checkpoint-1000", tmp_path / "checkpoint-200", tmp_path / ".cache")
    assert [path.name for path in within(tmp_path)] == ["checkpoint-200", "checkpoint-1000"]
    assert words_within(tmp_path) == "checkpoint-200, checkpoint-1000"


def test_what_lies_within_an_adapter_or_too_deep_is_left_out(tmp_path: Path) -> None:
    adapter(
        tmp_path / "run", tmp_path / "run" / "checkpoint-1", tmp_path / "a" / "b", tmp_path / "c" / "d" / "e"
    )
    assert within(tmp_path) == [tmp_path / "a" / "b", tmp_path / "run"]
    assert within(tmp_path / "run") == [tmp_path / "run" / "checkpoint-1"]


def test_a_folder_that_holds_none_or_is_none_has_no_words(tmp_path: Path) -> None:
    assert within(tmp_path) == within(tmp_path / "absent") == []
    assert words_within(tmp_path) == ""
    assert not is_adapter(tmp_path)


def test_many_adapters_are_counted_after_the_first_four(tmp_path: Path) -> None:
    adapter(*(tmp_path / f"a{index}" for index in range(7)))
    assert words_within(tmp_path) == "a0, a1, a2, a3 and 3 more"


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("checkpoint-200", 200),
        ("step_50", 50),
        ("checkpoint-best", None),
        ("s1", None),
        ("my-checkpoint-3", None),
    ],
)
def test_a_checkpoint_is_known_by_its_name(name: str, step: int | None) -> None:
    assert step_of(name) == step


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("owner/name", ("owner/name", None)),
        ("owner/name/", ("owner/name", None)),
        ("owner/name/a/b", ("owner/name", "a/b")),
        ("gpt2", ("gpt2", None)),
    ],
)
def test_a_hub_id_is_told_from_the_folder_of_its_repository(text: str, parts: tuple[str, str | None]) -> None:
    assert split_hub_id(text) == parts
