"""What cannot work with the base is refused before training starts; and its weights have a digest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from assay.training.base import weights_sha256
from tests.training.jobs import job
from tests.training.recipes import entry, write_recipe
from tests.training.refused import refusal


@pytest.mark.parametrize(
    ("settings", "field", "told"),
    [
        ({"target_modules": "qproj"}, "target_modules", 'called "qproj"; did you mean "q_proj"? It has '),
        (
            {"target_modules": ["q_proj", "wq"]},
            "target_modules",
            'no linear layer of the base is called "wq"',
        ),
        ({"target_modules": ["all-linear", "q_proj"]}, "target_modules", "`all-linear` beside other modules"),
        ({"rank": 17, "target_modules": ["v_proj"]}, "rank", "(32 x 16) can use; set 16 or less"),
        ({"rank": [4, 33], "target_modules": "down_proj"}, "rank", "a rank of 33 is more than the layer"),
        ({"max_length": 513}, "max_length", "more than the base's 512 positions; set 512 or less"),
    ],
)
def test_settings_that_the_base_cannot_have(
    toy: Path, tmp_path: Path, settings: dict[str, Any], field: str, told: str
) -> None:
    path = write_recipe(tmp_path, toy, entry(settings=settings))
    message = refusal(path)
    line = int(message.split(":")[1])
    assert path.read_text().splitlines()[line - 1].strip().startswith(field)
    assert f"adapters[0].settings.{field}: " in message
    assert told in message


def test_an_unknown_module_is_told_with_those_that_the_base_has(toy: Path, tmp_path: Path) -> None:
    message = refusal(write_recipe(tmp_path, toy, entry(settings={"target_modules": "x"})))
    assert "it has down_proj, gate_proj, k_proj, lm_head, o_proj, q_proj, up_proj, v_proj" in message


def test_a_folder_that_is_no_base(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    message = refusal(write_recipe(tmp_path, "./empty"))
    assert "recipe.yaml:3: base 'empty': " in message
    assert "no config.json in" in message


@pytest.mark.parametrize("device", ["gpu", "cuda:1", "meta"])
def test_a_device_that_training_does_not_have(toy: Path, tmp_path: Path, device: str) -> None:
    engine = {"options": {"device": device}}
    message = refusal(write_recipe(tmp_path, toy, engine=engine))
    assert f"training has no device '{device}'; write `cpu` or `cuda`" in message


def test_one_bit_of_the_base_changes_its_digest(toy: Path, tmp_path: Path) -> None:
    model, _ = job(tmp_path, toy)
    before = weights_sha256(model)
    with torch.no_grad():
        next(model.parameters()).view(-1)[0].mul_(-1)
    assert weights_sha256(model) != before
