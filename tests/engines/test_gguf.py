"""A GGUF file is found, read whole, and refused where it would be another model."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("gguf")

from assay.engines.api import ModelRef
from assay.engines.gguf import gguf_file, gguf_identity, read_gguf, refuse_gguf
from assay.errors import EngineError
from tests.engines.ggufs import SHAPE, toy_weights, write_gguf

HELD = {"engine": "torch", "dtype": "bfloat16", "quantization": "none"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_gguf(tmp_path / "toy.gguf")


def test_a_base_is_a_gguf_file_by_its_own_path_or_by_a_folder_and_the_file(path: Path) -> None:
    assert gguf_file(ModelRef("base", path)) == path
    assert gguf_file(ModelRef("base", path.parent, file="toy.gguf")) == path
    assert gguf_file(ModelRef("base", path.parent)) is None
    assert gguf_file(ModelRef("base", "org/name")) is None


@pytest.mark.parametrize(
    ("ref", "message"),
    [
        ({"source": "none.gguf"}, "no file none.gguf; correct the path"),
        ({"source": "toy.gguf", "revision": "main"}, "has no revision 'main'; remove `revision`"),
        ({"source": ".", "file": "other.gguf"}, "no file other.gguf"),
        ({"source": ".", "file": "model.safetensors"}, "is no GGUF file; name one"),
    ],
)
def test_one_that_is_not_there_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch, ref: dict[str, Any], message: str
) -> None:
    monkeypatch.chdir(path.parent)
    with pytest.raises(EngineError, match=message):
        gguf_file(ModelRef("base", **{**ref, "source": Path(ref["source"])}))


def test_its_header_has_the_architecture_the_layers_and_the_tokens_that_end_a_text(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "a.gguf", more=lambda writer: writer.add_eot_token_id(259))
    header = read_gguf(path)
    assert (header.architecture, set(header.ends)) == ("llama", {258, 259})
    assert header.layers["blk.1.attn_k"] == (16, 32)
    assert header.layers["blk.1.ffn_down"] == (32, 64)
    assert len(header.layers) == 2 * 9 + 3


@pytest.mark.parametrize(("kind", "dtype"), [("F32", "float32"), ("F16", "float16"), ("Q8_0", None)])
def test_its_dtype_is_that_of_its_numbers_where_none_are_quantized(
    tmp_path: Path, kind: str, dtype: str | None
) -> None:
    assert read_gguf(write_gguf(tmp_path / "a.gguf", kind=kind)).dtype == dtype


def test_its_identity_is_its_content_and_no_name(path: Path, tmp_path: Path) -> None:
    same = path.rename(tmp_path / "renamed.gguf")
    (tmp_path / "tokenizer.json").write_text("{}")
    other = write_gguf(tmp_path / "other.gguf", toy_weights(1))
    identity = gguf_identity(HELD, same)
    assert identity == gguf_identity(HELD, write_gguf(tmp_path / "again.gguf"))
    assert identity != gguf_identity(HELD, other)
    assert identity != gguf_identity({**HELD, "dtype": "float32"}, same)
    assert "renamed" not in str(identity)


@pytest.mark.parametrize("size", [0, 3, 100, 20_000])
def test_one_cut_short_is_refused(path: Path, size: int) -> None:
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(
        EngineError, match=r"toy.gguf \(\d+ bytes\) is not a complete GGUF file .*; download it again"
    ):
        read_gguf(path)


def test_a_pointer_in_place_of_the_file_is_refused(path: Path) -> None:
    path.write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(EngineError, match="Git LFS pointer"):
        read_gguf(path)


def test_one_part_of_several_is_refused(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "a.gguf", more=lambda writer: writer.add_uint16("split.count", 3))
    with pytest.raises(EngineError, match=r"one of 3 parts of a model; join them with `llama-gguf-split"):
        read_gguf(path)


def test_scaled_positions_are_refused_because_they_would_be_left_out(tmp_path: Path) -> None:
    import numpy as np

    path = write_gguf(
        tmp_path / "a.gguf",
        more=lambda writer: writer.add_tensor("rope_freqs.weight", np.ones(4, dtype=np.float32)),
    )
    with pytest.raises(EngineError, match=r"scales its positions \(the tensor rope_freqs\).*safetensors"):
        read_gguf(path)

    def yarn(writer: Any, factor: float = 4.0) -> None:
        writer.add_string("llama.rope.scaling.type", "yarn")
        writer.add_float32("llama.rope.scaling.factor", factor)

    with pytest.raises(EngineError, match=r"rope\.scaling\.type: yarn"):
        read_gguf(write_gguf(tmp_path / "b.gguf", more=yarn))
    assert read_gguf(write_gguf(tmp_path / "c.gguf", more=lambda writer: yarn(writer, 1.0))).layers


def test_biases_are_refused_where_they_would_be_left_out(tmp_path: Path) -> None:
    import numpy as np

    def biased(writer: Any) -> None:
        writer.add_tensor("blk.1.attn_q.bias", np.ones(SHAPE["hidden"], dtype=np.float32))

    with pytest.raises(EngineError, match=r"1 biases \(blk\.1\.attn_q\.bias, .*'llama'.*safetensors"):
        read_gguf(write_gguf(tmp_path / "a.gguf", more=biased))
    assert read_gguf(write_gguf(tmp_path / "b.gguf", more=biased, architecture="qwen2")).layers


def test_where_the_package_is_absent_the_extra_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gguf", None)
    with pytest.raises(
        EngineError, match=r"needs the package gguf; install it with `pip install 'lora-assay\[gguf\]'"
    ):
        read_gguf(path)


def test_another_engine_refuses_one() -> None:
    for ref in (ModelRef("base", "x.gguf"), ModelRef("base", "org/name", file="x.gguf")):
        with pytest.raises(
            EngineError, match=r"x\.gguf is a GGUF file, which the engine 'vllm' does not load"
        ):
            refuse_gguf(ref, "vllm")
    refuse_gguf(ModelRef("base", "org/name"), "vllm")
