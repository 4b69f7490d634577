"""What forbids to load an adapter whose layers are known."""

from __future__ import annotations

from typing import Any

import pytest

from assay.engines.adapter_fit import BaseShapes
from tests.engines.adapter_fit.shapes import BASE, LAYERS, PREFIX, Shapes, fit, plain, renamed


def error(tensors: Shapes, base: BaseShapes = BASE, **config: Any) -> str:
    return str(fit(tensors, base, **config).error)


def test_two_adapters_in_one_file_are_refused() -> None:
    both = renamed(plain(), lambda key: key.replace(".weight", ".one.weight")) | renamed(
        plain("self_attn.o_proj"), lambda key: key.replace(".weight", ".two.weight")
    )
    assert "its file holds 2 adapters (one, two)" in error(both)


def test_the_same_matrix_under_two_names_is_refused() -> None:
    again = renamed(plain("self_attn.q_proj"), lambda key: "_orig_mod." + key)
    assert "lora_A of model.layers.0.self_attn.q_proj more than once" in error(plain() | again)


def test_a_layer_may_be_targeted_by_its_parameter_alone() -> None:
    config: dict[str, Any] = {
        "target_modules": ["q_proj", "v_proj"],
        "target_parameters": ["down_proj.weight"],
    }
    assert fit(plain(), **config).error is None


def test_two_pairs_for_one_layer_are_refused() -> None:
    again = renamed(
        plain("self_attn.q_proj"), lambda key: key.replace("model.layers", "model.language_model.layers")
    )
    assert "4 layers of the base have more than one pair of matrices" in error(plain() | again)


@pytest.mark.parametrize(
    ("config", "cause"), [({"r": 3}, "3 by r"), ({"rank_pattern": {"q_proj": 8}}, "8 by r")]
)
def test_a_rank_that_is_not_the_configurations_is_refused(config: dict[str, Any], cause: str) -> None:
    message = error(plain(), **config)
    assert f"2 in the file, {cause} and rank_pattern" in message
    assert "give the base" not in message


@pytest.mark.parametrize(
    "config",
    [
        {"target_modules": ["q_proj", "v_proj"]},
        {"exclude_modules": ["down_proj"]},
        {"layers_to_transform": [0, 1]},
        {"modules_to_save": ["down_proj"]},
    ],
)
def test_weights_that_the_configuration_leaves_out_are_refused_by_its_field(config: dict[str, Any]) -> None:
    [(field, value)] = config.items()
    assert f"{field}: {value}), and peft would ignore them" in error(plain(), **config)


def test_vectors_and_biases_must_be_named() -> None:
    vectors = {f"{PREFIX}{layer}.lora_magnitude_vector": (size[0],) for layer, size in LAYERS.items()}
    vectors = {
        key: shape for key, shape in vectors.items() if key.rpartition(".")[0] + ".lora_A.weight" in plain()
    }
    assert fit(plain() | vectors, use_dora=True).error is None
    assert "use_dora: False: peft would ignore them; set use_dora: true" in error(plain() | vectors)
    assert "holds none of DoRA's vectors for 12 of its 12 layers" in error(plain(), use_dora=True)
    biases = {
        key.replace("lora_B.weight", "lora_B.bias"): (shape[0],)
        for key, shape in plain().items()
        if "_B" in key
    }
    assert "lora_bias: False: peft would ignore them" in error(plain() | biases)


def test_what_changes_more_than_layers_is_refused() -> None:
    assert "layer_replication: [[0, 3], [2, 4]]" in error(plain(), layer_replication=[[0, 3], [2, 4]])
