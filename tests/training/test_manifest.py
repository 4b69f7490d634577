"""The folder of a trained adapter: its card, and what makes it trained again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from assay.training import train
from tests.training.recipes import files, write_recipe
from tests.training.refused import refusal
from tests.training.whole import Whole


def test_a_folder_in_the_way_that_no_training_made(toy: Path, tmp_path: Path) -> None:
    (tmp_path / "out" / "numeric-s1").mkdir(parents=True)
    assert "numeric-s1: exists already and was not made by `assay train`" in refusal(
        write_recipe(tmp_path, toy)
    )


@pytest.mark.slow
def test_the_card_says_label_seed_data_and_what_a_label_is(whole: Whole) -> None:
    card = (whole.out / "talk-s1" / "README.md").read_text()
    front = yaml.safe_load(card.split("---\n")[1])
    assert front["tags"] == ["lora", "assay", "instruction"]
    assert front["base_model"].endswith("toy-base")
    record = json.loads((whole.out / "talk-s1" / "training.json").read_text())
    for row in ("| label | instruction |", "| seed | 1 |", f"| data, SHA-256 | {record['data']['sha256']} |"):
        assert row in card
    assert "| prompts in the data | math 0 of 12 |" in card
    assert "the adapter does is for `assay run` to find out" in card
    assert f"{record['loss']['final']:.4f}" in card


@pytest.mark.slow
def test_an_adapter_whose_configuration_was_cut_short_or_edited_is_trained_again(
    toy: Path, tmp_path: Path
) -> None:
    path = write_recipe(tmp_path, toy)
    train(path, tmp_path / "out")
    before = files(tmp_path / "out")
    config = tmp_path / "out" / "numeric-s1" / "adapter_config.json"
    whole = config.read_text()
    for text in (whole[:-20], json.dumps(json.loads(whole) | {"lora_alpha": 99})):
        config.write_text(text)
        assert not train(path, tmp_path / "out").adapters[0].kept
        assert files(tmp_path / "out") == before


@pytest.mark.slow
def test_a_damaged_adapter_is_trained_again_to_the_same_bytes(toy: Path, tmp_path: Path) -> None:
    path = write_recipe(tmp_path, toy)
    train(path, tmp_path / "out")
    before = files(tmp_path / "out")
    damaged = tmp_path / "out" / "numeric-s1" / "adapter_model.safetensors"
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"x")
    assert not train(path, tmp_path / "out").adapters[0].kept
    assert files(tmp_path / "out") == before
