"""A sound adapter is read as it is; what is missing is weighed; a name decides nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from assay.engines.adapter_fit import BaseShapes
from tests.engines.adapter_fit.shapes import BASE, LAYERS, WIDTH, Shapes, fit, pair, plain


def error(tensors: Shapes, base: BaseShapes = BASE, **config: Any) -> str:
    return str(fit(tensors, base, **config).error)


def test_a_sound_adapter_is_read_as_it_is() -> None:
    found = fit(plain())
    assert (found.error, found.moves, found.notes, found.warnings, found.missing) == (None, None, (), (), ())
    assert {layer.place for layer in found.layers} == {layer.name for layer in found.layers}
    assert {(layer.rank, layer.scale) for layer in found.layers} == {(2, 2.0)}
    assert all(LAYERS[layer.place] == layer.shape for layer in found.layers)


def test_without_a_base_only_the_file_itself_is_looked_at() -> None:
    found = fit(plain() | pair("model.layers.9.self_attn.q_proj", size=(5, 3)), BaseShapes())
    assert (found.error, found.moves, len(found.layers)) == (None, None, 13)


def test_the_last_blocks_alone_are_usable_and_most_layers_missing_otherwise_are_not() -> None:
    last = {key: shape for key, shape in plain().items() if "layers.3" in key}
    found = fit(last)
    assert (found.error, len(found.missing)) == (None, 9)
    assert "no weights for 9 layers that its configuration targets" in found.warnings[0]
    first = {key: shape for key, shape in plain().items() if "layers.0" in key}
    assert "9 of the 12 layers that its configuration targets lack weights" in error(first)


def test_other_types_than_lora_are_pefts_to_read() -> None:
    found = fit({"base_model.model.model.layers.0.mlp.hada_w1_a": (4, 2)}, peft_type="LOHA")
    assert (found.error, found.layers) == (None, ())


def test_a_name_decides_nothing() -> None:
    for name in (None, "C:\\models\\small", "x/small-bnb-4bit", "someone/else-70b"):
        found = fit(plain(blocks=3), base_model_name_or_path=name)
        assert (found.error, len(found.missing)) == (None, 3)


def test_a_tower_and_experts_of_the_base_are_not_missed() -> None:
    more = {f"vision_tower.layers.{number}.self_attn.q_proj": (WIDTH, WIDTH) for number in range(90)}
    more |= {f"model.layers.0.mlp.experts.{number}.down_proj": (WIDTH, WIDTH) for number in range(90)}
    found = fit(plain(), BaseShapes({**BASE.layers, **more}))
    assert (found.error, found.missing, found.warnings) == (None, (), ())


def test_all_linear_means_the_layers_that_the_base_says_are_linear() -> None:
    linear = frozenset(layer for layer in LAYERS if "q_proj" in layer)
    config: dict[str, Any] = {"target_modules": "all-linear"}
    assert fit(plain("self_attn.q_proj"), replace(BASE, linear=linear), **config).missing == ()
    assert len(fit(plain("self_attn.q_proj", "mlp.up_proj", "mlp.down_proj"), BASE, **config).missing) == 12


@pytest.mark.parametrize(
    "config",
    [
        {"target_modules": "([a-z._0-9]+)*!"},
        {"exclude_modules": "([a-z._0-9]+)*!"},
        {"modules_to_save": ["(a|a)*(_|_)*(.*.*)*!"]},
        {"rank_pattern": {"(?i)q_proj": 2}},
        {"layers_to_transform": [0], "layers_pattern": "(?P<number>layers)"},
    ],
)
def test_an_expression_that_takes_for_ever_or_cannot_be_put_together_is_an_error(
    config: dict[str, Any],
) -> None:
    assert "cannot be matched with its layers' names" in error(plain(), **config)
