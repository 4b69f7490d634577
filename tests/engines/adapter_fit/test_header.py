"""The shapes of a base from its headers: turned where the architecture stores them so, none of packed weights."""

from __future__ import annotations

import json
from pathlib import Path

from assay.engines.adapter_fit import header_shapes
from tests.engines.vllm.conftest import tensors


def write(folder: Path, **config: object) -> tuple[Path, list[Path]]:
    shapes = {"h.0.attn.c_attn.weight": (4, 12), "h.0.attn.c_attn.bias": (12,), "wte.weight": (9, 4)}
    (folder / "config.json").write_text(json.dumps(config))
    return folder, [tensors(folder / "model.safetensors", shapes)]


def test_layers_of_gpt_2_are_turned_and_its_embeddings_are_not(tmp_path: Path) -> None:
    found = header_shapes(*write(tmp_path, model_type="gpt2"), "models/gpt2")
    assert found.layers == {"h.0.attn.c_attn": (12, 4), "h.0.attn.c_attn.bias": (12,), "wte": (9, 4)}
    assert (found.model_type, found.tied, found.name) == ("gpt2", True, "models/gpt2")


def test_layers_of_others_are_as_stored(tmp_path: Path) -> None:
    assert header_shapes(*write(tmp_path, model_type="llama")).layers["h.0.attn.c_attn"] == (4, 12)


def test_packed_weights_have_no_shapes(tmp_path: Path) -> None:
    folder, weights = write(tmp_path, model_type="llama", quantization_config={"bits": 4})
    assert header_shapes(folder, weights).layers == {}
