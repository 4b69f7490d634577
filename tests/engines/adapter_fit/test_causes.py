"""Each kind of file that fits nothing gets its own cause and fix, and none the advice to fetch the base that was given."""

from __future__ import annotations

from typing import Any

import pytest

from assay.engines.adapter_fit import BaseShapes
from tests.engines.adapter_fit.shapes import (
    BASE,
    PREFIX,
    ROWS,
    TIED,
    WIDTH,
    Shapes,
    fit,
    pair,
    plain,
    renamed,
)


def error(tensors: Shapes, base: BaseShapes = BASE, **config: Any) -> str:
    return str(fit(tensors, base, **config).error)


EMBEDDINGS = f"{PREFIX}model.embed_tokens.weight"


@pytest.mark.parametrize(
    "tensors",
    [
        {},
        dict.fromkeys(plain(), (0,)),
        plain() | {f"{PREFIX}model.layers.0.self_attn.q_proj.lora_A.weight": (0, 0)},
        dict.fromkeys(plain(), (32,)),
    ],
)
def test_a_file_of_no_numbers_was_saved_under_zero_3(tensors: Shapes) -> None:
    message = error(tensors)
    assert "DeepSpeed ZeRO-3" in message
    assert "stage3_gather_16bit_weights_on_model_save" in message
    assert "zero_to_fp32" in message
    assert "base it was trained on" not in message


def test_a_vision_tower_is_named_even_where_its_layers_fit() -> None:
    tower = renamed(
        plain("self_attn.q_proj"),
        lambda key: key.replace("model.layers", "vision_tower.vision_model.encoder.layers"),
    )
    message = error(plain() | tower)
    assert "a vision tower (4 of its 16 layers, under `vision_tower.vision_model.encoder.`)" in message
    assert "text model alone" in message
    assert "it changes nothing that generates text" in error(tower)


@pytest.mark.parametrize(
    "more",
    [
        {EMBEDDINGS: (ROWS + 2, WIDTH)},
        {f"{PREFIX}lm_head.weight": (ROWS + 2, WIDTH)},
        {f"{PREFIX}lm_head.lora_A.weight": (2, WIDTH), f"{PREFIX}lm_head.lora_B.weight": (ROWS + 2, 2)},
        {
            f"{PREFIX}model.embed_tokens.lora_embedding_A": (2, ROWS + 2),
            f"{PREFIX}model.embed_tokens.lora_embedding_B": (WIDTH, 2),
        },
    ],
)
@pytest.mark.parametrize("base", [BASE, TIED])
def test_added_tokens_are_counted(more: Shapes, base: BaseShapes) -> None:
    message = error(
        plain() | more, base, target_modules=["q_proj", "v_proj", "down_proj", "lm_head", "embed_tokens"]
    )
    assert "trained with 2 added tokens" in message
    assert "resize the base to 42 rows" in message


def test_another_architecture_is_named_by_its_layers() -> None:
    gpt = {
        key: shape
        for number in range(2)
        for key, shape in pair(f"transformer.h.{number}.attn.c_attn", size=(96, 32)).items()
    }
    message = error(gpt, target_modules=["c_attn"], base_model_name_or_path="gpt2")
    assert "named as in GPT-2, the base's as in Llama, Qwen, Mistral or Gemma" in message
    assert "give the base that it was trained on, which it calls gpt2" in message


def test_a_deeper_base_is_told_by_the_numbers_of_its_blocks() -> None:
    deep = {
        key: shape
        for number in range(6)
        for key, shape in pair(f"model.layers.{number}.self_attn.q_proj", size=(WIDTH, WIDTH)).items()
    }
    message = error(deep, base_model_name_or_path="x/larger")
    assert "its file has blocks up to 5, and the base up to 3; it was trained on a deeper base" in message
    assert "which it calls x/larger" in message
    gap = renamed(plain(), lambda key: key.replace("layers.2.", "layers.9."))
    assert "edited or damaged" in error(gap, base_model_name_or_path="x/larger")


def test_a_base_of_another_size_is_told_by_all_its_layers() -> None:
    wide = {key: tuple(2 * size if size > 2 else size for size in shape) for key, shape in plain().items()}
    message = error(wide, base_model_name_or_path="x/wide")
    assert "all of its 12 layers have other sizes" in message
    assert "[32, 32] in its file and [16, 16] in the base" in message
    assert "which it calls x/wide" in message
    assert "give the base" not in error(wide)  # it names the one given


def test_one_layer_of_another_size_is_a_damaged_file() -> None:
    layer = "model.layers.1.mlp.down_proj"
    message = error(plain() | pair(layer, size=(WIDTH, 99)), base_model_name_or_path="x/other")
    assert f"1 of its 12 layers have other sizes than the base's ({layer} is [16, 99]" in message
    assert "give the base" not in message


def test_transposed_matrices_are_named() -> None:
    message = error({key: shape[::-1] for key, shape in plain().items()})
    assert "the matrices of 12 of its 12 layers are transposed" in message
    assert "both matrices of each layer transposed" in message
    assert "the matrices of 4 of its 4 layers are transposed" in error(
        {key: shape[::-1] for key, shape in plain("self_attn.q_proj").items()}
    )


def test_an_unknown_prefix_is_named_with_both() -> None:
    message = error(renamed(plain(), lambda key: key.replace("model.layers", "draft.layers")))
    assert "`draft.layers.0.self_attn.q_proj`" in message
    assert "rename its tensors from `draft.` to `model.`" in message


def test_other_names_of_the_same_sizes_are_no_other_base() -> None:
    message = error(
        renamed(plain(), lambda key: key.replace("self_attn", "attention")), base_model_name_or_path="x/other"
    )
    assert "rename its tensors" in message
    assert "give the base" not in message


def test_half_a_pair_is_an_incomplete_file() -> None:
    tensors = plain()
    del tensors[f"{PREFIX}model.layers.2.mlp.down_proj.lora_B.weight"]
    assert "one of the two matrices of 1 layers only (model.layers.2.mlp.down_proj)" in error(tensors)
