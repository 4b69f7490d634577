"""The page of the docs has every kind with the words of its message."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.engines.adapter_fit.shapes import PREFIX, ROWS, WIDTH, Shapes, fit, pair, plain, renamed

PAGE = " ".join((Path(__file__).parents[3] / "docs" / "how-to" / "adapters.md").read_text().split())
VECTOR = f"{PREFIX}model.layers.0.self_attn.q_proj.lora_magnitude_vector"
GPT2 = pair("transformer.h.0.attn.c_attn", size=(9, 3))
REFUSED: list[tuple[str, Shapes, dict[str, Any]]] = [
    ("holds no tensors at all; it was most likely saved under DeepSpeed ZeRO-3", {}, {}),
    ("one of the two matrices of", dict(list(plain().items())[1:]), {}),
    (
        "the matrices of 12 of its 12 layers are transposed",
        {key: size[::-1] for key, size in plain().items()},
        {},
    ),
    (
        "it has weights of a vision tower",
        plain() | renamed(plain(), lambda key: key.replace("model.l", "vision.l")),
        {},
    ),
    (
        "it has a classification head (score) and does not generate text",
        plain() | {"score.weight": (2, 2)},
        {},
    ),
    ("it was trained with 2 added tokens", plain() | {f"{PREFIX}lm_head.weight": (ROWS + 2, WIDTH)}, {}),
    ("they are named as in GPT-2, the base's as in Llama", GPT2, {"target_modules": ["c_attn"]}),
    ("it was trained on a deeper base", plain() | pair("model.layers.4.self_attn.q_proj", size=(16, 16)), {}),
    (
        "layers have other sizes than the base's",
        {key: tuple(2 * n if n > 2 else n for n in size) for key, size in plain().items()},
        {},
    ),
    (
        "is none of the known wrappers' names",
        renamed(plain(), lambda key: key.replace("model.l", "draft.l")),
        {},
    ),
    (
        "layers of the same sizes under other names",
        renamed(plain(), lambda key: key.replace("_proj", "")),
        {},
    ),
    ("2 in the file, 3 by r and rank_pattern", plain(), {"r": 3}),
    ("layers that its configuration leaves out", plain(), {"target_modules": ["q_proj"]}),
    ("use_dora: False: peft would ignore them", plain() | {VECTOR: (16,)}, {}),
    ("do not belong to a LoRA and fit no layer of the base", plain() | {"step": (1,)}, {}),
    ("it has layer_replication", plain(), {"layer_replication": [[0, 2]]}),
    ("most of it is missing", plain("self_attn.q_proj", blocks=1), {}),
]


@pytest.mark.parametrize(("words", "tensors", "config"), REFUSED, ids=[words for words, _, _ in REFUSED])
def test_the_words_of_a_refusal_are_on_the_page(words: str, tensors: Shapes, config: dict[str, Any]) -> None:
    assert words in str(fit(tensors, **config).error)
    assert words in PAGE


@pytest.mark.parametrize(
    ("field", "config"),
    [
        ("alpha_pattern", {"alpha_pattern": {"z": 1}}),
        ("target_parameters", {"target_parameters": ["experts.z"]}),
        ("layers_to_transform", {"layers_to_transform": [0, 1, 2, 3, 9]}),
        ("exclude_modules", {"exclude_modules": ["z"]}),
        ("modules_to_save", {"modules_to_save": ["z"]}),
    ],
)
def test_what_a_warning_says_of_the_result_is_on_the_page(field: str, config: dict[str, Any]) -> None:
    [warning] = fit(plain(), **config).warnings
    effect = re.split(r"; ", warning)[-1]
    assert warning.startswith(field)
    assert (effect if field != "alpha_pattern" else "layers run at the scale") in PAGE
    assert f"`{field}`" in PAGE
