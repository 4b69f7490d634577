"""What a loader would pass over is a warning that names the field, its value, and what it does."""

from __future__ import annotations

from typing import Any

import pytest

from assay.engines.adapter_fit import BaseShapes
from assay.engines.adapter_fit.silent import base_warnings, replaced_warnings
from tests.engines.adapter_fit.shapes import BASE, PREFIX, ROWS, TIED, WIDTH, fit, plain

HEAD = {f"{PREFIX}lm_head.weight": (ROWS, WIDTH)}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"alpha_pattern": {"^q_proj": 100}}, "alpha_pattern `^q_proj: 100` matches no layer"),
        ({"rank_pattern": {"q_prj": 8}}, "rank_pattern `q_prj: 8` matches no layer"),
        (
            {"target_parameters": ["mlp.experts.down_proj"]},
            "target_parameters: mlp.experts.down_proj matches no parameter",
        ),
        (
            {"layers_to_transform": [0, 1, 2, 3, 7]},
            "layers_to_transform: 7 is not a block of the base, which has 4",
        ),
        ({"exclude_modules": ["z_proj"]}, "exclude_modules: ['z_proj'] matches no layer"),
        ({"exclude_modules": r".*\.z_proj"}, r"exclude_modules: .*\.z_proj matches no layer"),
        ({"modules_to_save": ["classifier"]}, "modules_to_save: classifier is not a layer of the base"),
        ({"use_something": True}, "use_something: True is not a field that peft"),
        ({"turbo_config": {"a": 1}}, "turbo_config: {'a': 1} is not a field that peft"),
    ],
)
def test_a_pattern_that_matches_nothing_is_warned_of(config: dict[str, Any], expected: str) -> None:
    [warning] = fit(plain(), **config).warnings
    assert warning.startswith(expected)


def test_the_scale_that_a_lost_pattern_leaves_is_named() -> None:
    [warning] = fit(plain(), alpha_pattern={"z_proj": 100}).warnings
    assert "12 layers run at the scale 2 and rank 2 (lora_alpha: 4, r: 2)" in warning


@pytest.mark.parametrize(
    "config",
    [
        {"alpha_pattern": {"q_proj": 8, r"layers\.1\.mlp\.down_proj": 3}},
        {"rank_pattern": {"model.layers.0.self_attn.q_proj": 2}},
        {"target_parameters": ["q_proj.weight"]},
        {"layers_to_transform": [0, 1, 2, 3], "layers_pattern": "layers"},
        {"exclude_modules": ["k_proj"]},
        {"exclude_modules": ["mlp.up_proj", "layers.0.self_attn.o_proj"]},
        {"modules_to_save": []},
        {"use_something": False, "turbo_config": None, "turbo": []},
        {"runtime_config": {"ephemeral_gpu_offload": True}},
        {"modules_to_save": ["embed_tokens", "norm"]},
    ],
)
def test_a_pattern_that_matches_something_is_not(config: dict[str, Any]) -> None:
    assert fit(plain(), **config).warnings == ()


def test_experts_of_a_base_are_not_judged_by_name() -> None:
    experts = BaseShapes({**BASE.layers, "model.layers.0.mlp.experts.0.up_proj": (4, 4)})
    assert fit(plain(), experts, target_parameters=["mlp.experts.gate_up_proj"]).warnings == ()


def test_biases_that_the_file_has_not_are_warned_of_where_the_base_has_some() -> None:
    biased = BaseShapes({**BASE.layers, "model.layers.0.self_attn.q_proj.bias": (WIDTH,)})
    [warning] = fit(plain(), biased, bias="lora_only").warnings
    assert warning.startswith("bias: lora_only, and its file holds no biases")
    assert fit(plain(), bias="lora_only").warnings == ()


def test_an_output_layer_that_is_replaced_unsaid_is_warned_of() -> None:
    assert fit(plain() | HEAD).replaces == {f"{PREFIX}lm_head.weight": "lm_head.weight"}
    [warning] = replaced_warnings({"modules_to_save": None}, ["lm_head.weight"], BASE)
    assert "holds lm_head.weight whole, which modules_to_save: None does not name" in warning
    assert "tied" not in warning
    [warning] = replaced_warnings({"modules_to_save": None}, ["lm_head.weight"], TIED)
    assert "output layer and, its weights being tied, its embeddings" in warning
    [warning] = replaced_warnings({}, ["lm_head.weight"], TIED, compared=False)
    assert warning.endswith(", where its numbers are others")
    assert not list(replaced_warnings({"modules_to_save": ["lm_head"]}, ["lm_head.weight"], TIED))
    assert not list(replaced_warnings({}, ["model.layers.0.self_attn.q_proj.bias"], TIED))


@pytest.mark.parametrize(
    "trained",
    [
        "small",
        "org/Small",
        "C:\\Users\\me\\small",
        "/data/models--org--small/snapshots/0a1b",
        "org/small-hf",
        "",
        None,
    ],
)
def test_names_of_one_base_are_no_warning(trained: str | None) -> None:
    assert list(base_warnings({"base_model_name_or_path": trained}, BASE)) == []


@pytest.mark.parametrize(
    ("trained", "bits"),
    [
        ("unsloth/small-unsloth-bnb-4bit", "4 bits"),
        ("mlx-community/small-4bit", "4 bits"),
        ("org/small-8bit", "8 bits"),
        ("org/small-GPTQ", "quantized weights"),
        ("org/small-AWQ", "quantized weights"),
    ],
)
def test_another_precision_of_the_same_base_is_a_warning(trained: str, bits: str) -> None:
    [warning] = base_warnings({"base_model_name_or_path": trained}, BASE)
    assert f"it was trained on {bits} of what looks like the same base" in warning
    if bits == "4 bits":
        assert list(base_warnings({"base_model_name_or_path": trained}, BASE, "4 bits")) == []


def test_the_field_is_spelled_as_in_the_file() -> None:
    [warning] = base_warnings({"base_model_name_or_path": "org/other"}, BASE, form="mlx-lm")
    assert warning.startswith("model: org/other, ")


@pytest.mark.parametrize(
    ("trained", "base", "precision", "expected"),
    [
        (
            "org/small",
            "org/small-AWQ",
            "",
            "no quantized weights of what looks like the same base, and it is run on quantized",
        ),
        (
            "org/small",
            "models/small",
            "4 bits",
            "no quantized weights of what looks like the same base, and it is run on 4 bits",
        ),
        (
            "org/small-4bit",
            "org/small-8bit",
            "",
            "on 4 bits of what looks like the same base, and it is run on 8 bits",
        ),
        ("org/small-4bit", "mirror/small-4bit", "", ""),
        ("org/small-it", "org/small-it", "", ""),
    ],
)
def test_the_precision_that_it_is_run_on_counts(
    trained: str, base: str, precision: str, expected: str
) -> None:
    texts = list(base_warnings({"base_model_name_or_path": trained}, BaseShapes(name=base), precision))
    assert len(texts) == bool(expected)
    assert all(expected in text for text in texts)


def test_another_name_is_a_warning_that_gives_both() -> None:
    [warning] = base_warnings({"base_model_name_or_path": "org/other-7b"}, BASE)
    assert warning.startswith("base_model_name_or_path: org/other-7b, the base given is models/small")
