"""Tensors that are no matrix of a LoRA are loaded, left out with a warning, or refused."""

from __future__ import annotations

from typing import Any

import pytest

from assay.engines.adapter_fit import BaseShapes
from tests.engines.adapter_fit.shapes import BASE, PREFIX, ROWS, WIDTH, Shapes, fit, plain


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


@pytest.mark.parametrize("inner", ["modules_to_save.default.", "modules_to_save."])
def test_what_an_old_peft_saved_whole_gets_its_name_of_today(inner: str) -> None:
    key = f"{PREFIX}lm_head.{inner}weight"
    found = fit(plain() | {key: (ROWS, WIDTH)}, modules_to_save=["lm_head"])
    assert found.error is None
    assert found.moves is not None
    assert found.moves[key].name == f"{PREFIX}lm_head.weight"


def test_the_bases_own_copy_beside_it_is_left_out_with_a_note() -> None:
    copy = f"{PREFIX}lm_head.original_module.weight"
    found = fit(
        plain() | {copy: (ROWS, WIDTH), f"{PREFIX}lm_head.weight": (ROWS, WIDTH)}, modules_to_save=["lm_head"]
    )
    assert found.error is None
    assert found.moves is not None
    assert copy not in found.moves
    assert "the base's own copy" in found.notes[0]


def test_biases_of_an_old_peft_are_named_by_their_form() -> None:
    old = {f"{PREFIX}model.layers.{number}.self_attn.q_proj.bias": (WIDTH,) for number in range(4)}
    message = error(plain() | old, bias="lora_only")
    assert "the old form of peft up to 0.5 (`q_proj.bias`)" in message


def test_tensors_of_no_use_are_named() -> None:
    message = error(plain() | {"optimizer.step": (1,)})
    assert "1 of its tensors do not belong to a LoRA and fit no layer of the base (optimizer.step)" in message
