"""A layer is found by its whole name, or by the end of it and its shape."""

from __future__ import annotations

from assay.engines.adapter_fit import BaseShapes
from tests.engines.adapter_fit.shapes import BASE, LAYERS, WIDTH, fit, pair, plain


def test_a_tower_that_the_base_has_is_no_stranger() -> None:
    seeing = {f"model.visual.blocks.{number}.attn.qkv": (48, WIDTH) for number in range(2)}
    base = BaseShapes({**BASE.layers, **seeing}, "qwen2_vl")
    tower = {key: shape for layer, size in seeing.items() for key, shape in pair(layer, size=size).items()}
    found = fit(plain() | tower, base, target_modules=["q_proj", "v_proj", "down_proj", "qkv"])
    assert (found.error, found.moves) == (None, None)


def test_layers_of_text_are_not_taken_for_those_of_a_tower() -> None:
    tower = {f"model.vision_tower.layers.{number}.self_attn.q_proj": (WIDTH, WIDTH) for number in range(4)}
    text = {
        key.replace("model.layers", "model.language_model.layers"): shape for key, shape in LAYERS.items()
    }
    found = fit(plain("self_attn.q_proj"), BaseShapes({**text, **tower}), target_modules=["q_proj"])
    assert found.error is None
    assert all(layer.place.startswith("model.language_model.") for layer in found.layers)
