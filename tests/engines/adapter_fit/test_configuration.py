"""Targets, ranks and scales are those of the installed peft."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

from assay.engines.adapter_fit import BaseShapes
from assay.engines.adapter_fit.configuration import rank_of, scale_of, targeted_layers


@pytest.mark.parametrize(
    "config",
    [
        {"target_modules": ["q_proj", "v_proj"]},
        {"target_modules": ["mlp.up_proj", "model.layers.1.self_attn.k_proj"]},
        {"target_modules": "all-linear"},
        {"target_modules": r".*\.[01]\.self_attn\.(q|k)_proj"},
        {"target_modules": ["q_proj", "lm_head", "embed_tokens"]},
        {"target_modules": ["q_proj", "k_proj"], "exclude_modules": ["k_proj"]},
        {"target_modules": ["q_proj", "k_proj"], "exclude_modules": r".*layers\.0.*"},
        {"target_modules": ["q_proj", "down_proj"], "layers_to_transform": [0, 2]},
        {"target_modules": ["q_proj"], "layers_to_transform": 1, "layers_pattern": "layers"},
        {"target_modules": ["q_proj"], "layers_to_transform": [1], "layers_pattern": ["h", "layers"]},
        {"target_modules": ["q_proj", "v_proj"], "modules_to_save": ["lm_head", "v_proj"]},
        {
            "target_modules": ["q_proj", "up_proj"],
            "r": 4,
            "rank_pattern": {"q_proj": 7, r"layers\.1\.mlp\.up_proj": 3},
        },
        {
            "target_modules": ["q_proj", "up_proj"],
            "lora_alpha": 3,
            "alpha_pattern": {"^q_proj": 9, "0.mlp.up_proj": 5},
        },
        {
            "target_modules": ["q_proj"],
            "r": 5,
            "use_rslora": True,
            "alpha_pattern": {"self_attn.q_proj": 1.5},
        },
    ],
)
def test_they_are_pefts(config: dict[str, Any]) -> None:
    torch = pytest.importorskip("torch")
    peft = pytest.importorskip("peft")
    transformers = pytest.importorskip("transformers")
    sizes = {
        "hidden_size": 8,
        "intermediate_size": 12,
        "num_attention_heads": 2,
        "num_hidden_layers": 3,
        "vocab_size": 20,
    }
    with torch.device("meta"):
        model = transformers.LlamaForCausalLM(transformers.LlamaConfig(**sizes, tie_word_embeddings=False))
    shapes = {name.removesuffix(".weight"): tuple(weight.shape) for name, weight in model.named_parameters()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wrapped = peft.PeftModel(
            model, peft.LoraConfig(task_type="CAUSAL_LM", **config), low_cpu_mem_usage=True
        )
    layers = {
        name.removeprefix("base_model.model."): module
        for name, module in wrapped.named_modules()
        if isinstance(module, peft.tuners.lora.LoraLayer)
    }
    assert set(targeted_layers(config, BaseShapes(shapes))) == set(layers)
    for name, module in layers.items():
        assert rank_of(config, name) == module.r["default"]
        assert scale_of(config, name) == pytest.approx(module.scaling["default"])


def test_without_targets_only_peft_knows_them() -> None:
    assert targeted_layers({}, BaseShapes({"model.layers.0.self_attn.q_proj": (2, 2)})) == []
