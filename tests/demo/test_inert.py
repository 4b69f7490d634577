"""The inert adapter: what PEFT initialises, and nothing more."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from safetensors.torch import load_file

from assay.demo.inert import make_inert
from assay.training import load_recipe
from tests.demo.conftest import small

pytestmark = pytest.mark.usefixtures("as_embedded")


def test_every_b_is_zero_and_no_a_is(tmp_path: Path) -> None:
    make_inert(load_recipe(small(tmp_path)), tmp_path / "inert")
    weights = load_file(tmp_path / "inert" / "adapter_model.safetensors")
    zero = {name for name, weight in weights.items() if not weight.any()}
    assert zero == {name for name in weights if ".lora_B." in name}
    assert len(weights) == 2 * len(zero)


def test_it_has_the_settings_of_the_first_recipe_and_names_the_base_as_the_recipe_does(
    tmp_path: Path,
) -> None:
    make_inert(load_recipe(small(tmp_path)), tmp_path / "inert")
    config = json.loads((tmp_path / "inert" / "adapter_config.json").read_text())
    assert (config["r"], config["lora_alpha"]) == (2, 4)
    assert config["base_model_name_or_path"] == "embedded"


def test_one_recipe_gives_the_same_bytes(tmp_path: Path) -> None:
    recipe = load_recipe(small(tmp_path))
    for name in ("one", "two", "one"):  # the second time over the first
        make_inert(recipe, tmp_path / name)
    for file in ("adapter_model.safetensors", "adapter_config.json"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
