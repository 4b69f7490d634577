"""The table of shapes agrees with transformers' models, which are built without memory for their weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assay.engines.base_shapes import FAMILIES, layer_shapes, tied_head
from tests.test_flow import loaded_by

LLAMA = {
    "hidden_size": 24,
    "intermediate_size": 40,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 64,
}
GPT2 = {"n_embd": 24, "n_layer": 3, "n_head": 4, "n_positions": 32, "vocab_size": 64}
CONFIGS: dict[str, dict[str, Any]] = {
    family: {"model_type": family} | (GPT2 if family == "gpt2" else LLAMA) for family in FAMILIES
}
VARIANTS = [
    *CONFIGS.values(),
    CONFIGS["llama"] | {"head_dim": 16, "tie_word_embeddings": True},
    CONFIGS["llama"] | {"attention_bias": True, "mlp_bias": True},
    CONFIGS["qwen2"] | {"tie_word_embeddings": True},
    CONFIGS["qwen3"] | {"head_dim": 8},
    CONFIGS["mistral"] | {"head_dim": None},
    CONFIGS["llama"] | {"num_key_value_heads": None},
    CONFIGS["qwen3"] | {"num_key_value_heads": None},
    CONFIGS["gpt2"] | {"n_inner": 52},
    CONFIGS["gpt2"] | {"tie_word_embeddings": False},
    CONFIGS["gemma3_text"] | {"tie_word_embeddings": False},
    *(
        {key: value for key, value in CONFIGS[family].items() if key != "num_key_value_heads"}
        | {"num_attention_heads": 32, "hidden_size": 64}
        for family in FAMILIES
        if family != "gpt2"
    ),
]


def built(config: dict[str, Any], folder: Path) -> Any:
    """transformers' model of a configuration file, on no device."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    (folder / "config.json").write_text(json.dumps(config))
    with torch.device("meta"):
        return AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(folder))  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("config", VARIANTS, ids=lambda config: "-".join(map(str, config.values())))
def test_layers_are_those_of_transformers(config: dict[str, Any], tmp_path: Path) -> None:
    from transformers.pytorch_utils import Conv1D

    model = built(config, tmp_path)
    weights = {
        name: tuple(module.weight.shape[:: -1 if isinstance(module, Conv1D) else 1])
        for name, module in model.named_modules()
        if getattr(module, "weight", None) is not None
    }
    assert layer_shapes(config) == weights
    assert tied_head(config) is bool(model.config.tie_word_embeddings)


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"model_type": "opt", "hidden_size": 24},
        {"model_type": ["llama"]},
        CONFIGS["llama"] | {"auto_map": {"AutoModelForCausalLM": "modeling.Other"}},
        CONFIGS["llama"] | {"hidden_size": None},
        CONFIGS["llama"] | {"hidden_size": "24"},
        CONFIGS["llama"] | {"hidden_size": 0},
        CONFIGS["llama"] | {"num_hidden_layers": True},
        CONFIGS["llama"] | {"num_hidden_layers": 10**9},
        {key: value for key, value in CONFIGS["llama"].items() if key != "vocab_size"},
        CONFIGS["gpt2"] | {"add_cross_attention": True},
        CONFIGS["qwen3"] | {"model_type": "qwen3_moe"},
    ],
)
def test_shapes_are_unknown_where_the_configuration_does_not_say(config: dict[str, Any]) -> None:
    assert layer_shapes(config) is None


def test_nothing_is_known_of_the_head_of_another_family() -> None:
    assert tied_head({"model_type": "opt"}) is None


def test_the_table_needs_no_transformers() -> None:
    assert not loaded_by("import assay.engines.base_shapes") & {"torch", "transformers"}
