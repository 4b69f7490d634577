"""A base's layers come from headers, else from a table by its configuration, else they are unknown."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from assay.engines.base_shapes import layer_shapes
from assay.errors import EngineError
from assay.inspecting import read_base
from tests.inspecting.adapters import BASE, write_base

PLAIN = layer_shapes(BASE) or {}


def write_header(path: Path, shapes: dict[str, tuple[int, ...]]) -> None:
    """A safetensors file that ends behind its header."""
    place, entries = 0, {}
    for name, shape in shapes.items():
        size = 2 * int(np.prod(shape))
        entries[name] = {"dtype": "BF16", "shape": list(shape), "data_offsets": [place, place + size]}
        place += size
    header = json.dumps(entries).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header)


def test_a_gguf_file_has_layers_tokens_and_template_of_its_own(tmp_path: Path) -> None:
    pytest.importorskip("gguf")
    from tests.engines.ggufs import TEMPLATE, tokens, toy_weights, write_gguf

    (tmp_path / "config.json").write_text("{}")
    known = read_base(str(write_gguf(tmp_path / "toy.gguf", kind="Q8_0")))
    expected = {
        name.removesuffix(".weight"): weight.shape
        for name, weight in toy_weights().items()
        if "norm" not in name
    }
    assert known.shapes.layers == expected
    assert (known.shapes.model_type, known.shapes.tied, known.unknown) == ("llama", False, "")
    assert (known.texts.template, known.texts.vocabulary["th"], set(known.texts.ends)) == (
        TEMPLATE,
        256,
        {258},
    )
    assert known.texts.tokens.named["bos_token"] == tokens()[257]
    unknown = read_base(str(write_gguf(tmp_path / "other.gguf", architecture="rwkv7")))
    assert "no table of layers for the GGUF architecture 'rwkv7'" in unknown.unknown


@pytest.mark.parametrize("named", ["folder", "file"])
def test_a_configuration_alone_is_enough_for_a_known_family(named: str, tmp_path: Path) -> None:
    folder = write_base(tmp_path / "base")
    known = read_base(str(folder if named == "folder" else folder / "config.json"))
    assert known.shapes.layers == PLAIN
    assert (known.shapes.model_type, known.shapes.tied, known.unknown) == ("llama", True, "")


def test_the_header_of_weights_counts_before_the_table_and_needs_no_weights(tmp_path: Path) -> None:
    folder = write_base(tmp_path / "base", model_type="strange", tie_word_embeddings=False)
    write_header(folder / "model.safetensors", {"model.layers.0.odd.weight": (5, 7)})
    known = read_base(str(folder))
    assert known.shapes.layers == {"model.layers.0.odd": (5, 7)}
    assert known.unknown == ""


def test_layers_that_gpt2_stores_turned_are_given_as_out_by_in(tmp_path: Path) -> None:
    folder = write_base(tmp_path / "base", model_type="gpt2")
    write_header(folder / "model.safetensors", {"h.0.attn.c_attn.weight": (4, 12), "wte.weight": (9, 4)})
    assert read_base(str(folder)).shapes.layers == {"h.0.attn.c_attn": (12, 4), "wte": (9, 4)}


def test_shards_are_read_together_and_the_table_counts_where_one_is_missing(tmp_path: Path) -> None:
    folder = write_base(tmp_path / "base")
    places = {"a.weight": "model-1.safetensors", "b.weight": "model-2.safetensors"}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))
    for name, file in places.items():
        save_file({name: np.ones((2, 3), np.float32)}, folder / file)
    assert read_base(str(folder)).shapes.layers == {"a": (2, 3), "b": (2, 3)}
    (folder / "model-2.safetensors").unlink()
    assert read_base(str(folder)).shapes.layers == PLAIN


def test_packed_weights_are_compared_by_the_table(tmp_path: Path) -> None:
    folder = write_base(tmp_path / "base", quantization_config={"bits": 4})
    write_header(folder / "model.safetensors", {"model.layers.0.self_attn.q_proj.weight": (128, 1)})
    assert read_base(str(folder)).shapes.layers == PLAIN


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"model_type": "opt"}, "not 'opt'"),
        ({"model_type": "opt", "quantization_config": {"bits": 4}}, "weights are packed"),
        ({"hidden_size": None}, "lacks a size"),
    ],
)
def test_unknown_shapes_say_why(fields: dict[str, Any], reason: str, tmp_path: Path) -> None:
    known = read_base(str(write_base(tmp_path / "base", **fields)))
    assert known.shapes.layers == {}
    assert known.unknown.startswith("shapes unknown: ")
    assert reason in known.unknown


def test_the_embedded_base_is_read_like_any_other() -> None:
    assert read_base("embedded").shapes.layers["model.layers.0.self_attn.q_proj"] == (256, 256)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (Path.exists, "no config.json with a `model_type`"),
        (lambda folder: (folder / "config.json").write_text("{}"), "no config.json with a `model_type`"),
        (lambda folder: (folder / "adapter_config.json").write_text("{}"), "it is an adapter"),
    ],
)
def test_what_is_no_base_is_refused(make: Any, reason: str, tmp_path: Path) -> None:
    make(tmp_path)
    with pytest.raises(EngineError, match=reason):
        read_base(str(tmp_path))


def test_a_file_that_is_no_configuration_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"weights")
    with pytest.raises(EngineError, match="give its folder"):
        read_base(str(tmp_path / "model.bin"))
