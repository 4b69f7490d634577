"""Tensors that are no matrix of a LoRA are loaded, left out with a warning, or refused."""

from __future__ import annotations

from typing import Any

from assay.engines.adapter_fit import BaseShapes
from tests.engines.adapter_fit.shapes import BASE, PREFIX, WIDTH, Shapes, fit, plain


def error(tensors: Shapes, base: BaseShapes = BASE, **config: Any) -> str:
    return str(fit(tensors, base, **config).error)


def test_a_classification_head_is_named() -> None:
    message = error(plain() | {f"{PREFIX}score.weight": (3, WIDTH)}, task_type="SEQ_CLS")
    assert "task_type: SEQ_CLS: it has a classification head (score) and does not generate text" in message


def test_a_value_head_is_left_out_with_a_warning() -> None:
    found = fit(plain() | {"v_head.summary.weight": (1, WIDTH), "v_head.summary.bias": (1,)})
    assert found.error is None
    assert found.moves is not None
    assert set(found.moves) == set(plain())
    assert "a value head (v_head.summary.weight, v_head.summary.bias)" in found.warnings[0]


def test_biases_of_an_old_peft_are_named_by_their_form() -> None:
    old = {f"{PREFIX}model.layers.{number}.self_attn.q_proj.bias": (WIDTH,) for number in range(4)}
    message = error(plain() | old, bias="lora_only")
    assert "the old form of peft up to 0.5 (`q_proj.bias`)" in message


def test_tensors_of_no_use_are_named() -> None:
    message = error(plain() | {"optimizer.step": (1,)})
    assert "1 of its tensors are no part of a LoRA and fit no layer of the base (optimizer.step)" in message
