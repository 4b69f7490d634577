"""A tensor's name is taken apart into its layer, its matrix, and what wrappers put around both."""

from __future__ import annotations

import pytest

from assay.engines.adapter_fit.names import block_of, layer_suffix, parse, prefix_of

LAYER = "model.layers.0.self_attn.q_proj"


@pytest.mark.parametrize(
    ("key", "matrix", "words"),
    [
        (f"base_model.model.{LAYER}.lora_A.weight", "lora_A", ()),
        (f"base_model.model.{LAYER}.lora_B.default.weight", "lora_B", ()),
        (f"{LAYER}.lora_a", "lora_a", ()),
        (f"base_model.model.{LAYER}.lora_embedding_A", "lora_embedding_A", ()),
        (f"base_model.model.{LAYER}.lora_embedding_B.default", "lora_embedding_B", ()),
        (f"base_model.model.{LAYER}.lora_magnitude_vector", "lora_magnitude_vector", ()),
        (f"_orig_mod.base_model.model.{LAYER}.lora_A.weight", "lora_A", ("_orig_mod",)),
        (f"module.module.{LAYER}.lora_A.weight", "lora_A", ("module", "module")),
        (f"base_model.model.base_model.model.{LAYER}.lora_A.weight", "lora_A", ("base_model.model",)),
    ],
)
def test_the_layer_is_what_wrappers_leave(key: str, matrix: str, words: tuple[str, ...]) -> None:
    part = parse(key)
    assert part is not None
    assert (part.layer, part.matrix, part.words, part.adapter, part.bias) == (LAYER, matrix, words, "", False)


def test_another_name_than_default_is_the_adapters() -> None:
    part = parse(f"base_model.model.{LAYER}.lora_A.math.weight")
    assert part is not None
    assert (part.layer, part.adapter, part.prefixed) == (LAYER, "math", True)


@pytest.mark.parametrize("key", ["lora_A.weight", f"{LAYER}.weight", "base_model.model.score.weight", ""])
def test_other_tensors_are_none_of_a_lora(key: str) -> None:
    assert parse(key) is None


def test_a_layer_is_known_by_the_end_of_its_name() -> None:
    assert layer_suffix("model.language_model.layers.3.mlp.up_proj") == "layers.3.mlp.up_proj"
    assert prefix_of("model.language_model.layers.3.mlp.up_proj") == ("model", "language_model")
    assert layer_suffix("model.embed_tokens") == "embed_tokens"
    assert block_of("transformer.h.11.attn.c_attn") == ("h", 11, "attn.c_attn")
    assert block_of("lm_head") is None
