from __future__ import annotations

from assay.engines.adapter_fit import Layer
from assay.inspecting.inspection import LayerKind
from assay.inspecting.layers import layer_kinds


def layer(place: str, rank: int = 8, scale: float = 2.0) -> Layer:
    return Layer(place, place, rank, scale, (4, 4))


def test_layers_are_grouped_by_their_name_within_a_block() -> None:
    names = [
        f"model.layers.{block}.{name}"
        for block in (0, 1, 2, 5)
        for name in ("mlp.up_proj", "self_attn.q_proj")
    ]
    assert layer_kinds(map(layer, names), ()) == (
        LayerKind("mlp.up_proj", "added", 4, "0-2, 5", (8,), (2.0,)),
        LayerKind("self_attn.q_proj", "added", 4, "0-2, 5", (8,), (2.0,)),
    )


def test_each_rank_and_scale_is_named_once() -> None:
    layers = [
        layer("h.0.attn.c_attn", 4, 1.0),
        layer("h.1.attn.c_attn", 8, 0.5),
        layer("h.2.attn.c_attn", 4, 1.0),
    ]
    assert layer_kinds(layers, ()) == (LayerKind("attn.c_attn", "added", 3, "0-2", (4, 8), (0.5, 1.0)),)


def test_layers_outside_of_blocks_keep_their_names_and_replaced_ones_come_last() -> None:
    found = layer_kinds(
        [layer("lm_head")], ("model.embed_tokens.weight", "model.layers.1.input_layernorm.weight")
    )
    assert found == (
        LayerKind("lm_head", "added", 1, None, (8,), (2.0,)),
        LayerKind("model.embed_tokens", "replaced", 1, None),
        LayerKind("input_layernorm", "replaced", 1, "1"),
    )
