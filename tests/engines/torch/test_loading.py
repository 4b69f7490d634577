from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from assay.engines.chat_template import Tokens, render_turn
from assay.engines.torch import Source, load_base, load_skeleton
from assay.engines.torch.loading import out_of_memory, own_dtype
from assay.errors import EngineError
from tests.engines.torch.toys import Toy


@pytest.fixture
def folder(llama: Toy, tmp_path: Path) -> Path:
    return shutil.copytree(llama.folder, tmp_path / "base")


def configure(folder: Path, **changes: Any) -> None:
    """Change config.json; None removes a key."""
    path = folder / "config.json"
    config = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({key: value for key, value in config.items() if value is not None}))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": "/nowhere/at/all"}, "cannot be loaded"),
        ({"dtype": "float12"}, "dtype 'float12' is unknown"),
    ],
)
def test_a_base_that_cannot_be_loaded_is_an_error(llama: Toy, changes: dict[str, str], message: str) -> None:
    source = {"model": str(llama.folder), "device": "cpu"} | changes
    with pytest.raises(EngineError, match=message):
        load_base(Source(**source))  # type: ignore[arg-type]


def test_a_chat_is_one_user_turn(llama: Toy) -> None:
    assert llama.base.template is not None
    tokens = Tokens.of(llama.base.tokenizer)
    assert render_turn(tokens, "hello", llama.base.template) == "<s>[user]hello[assistant]"


def test_the_dtype_is_the_checkpoints_own(folder: Path) -> None:
    configure(folder, dtype="bfloat16")
    assert own_dtype(Source(str(folder))) == torch.bfloat16
    assert load_base(Source(str(folder), device="cpu")).model.dtype == torch.bfloat16
    assert own_dtype(Source(str(folder), dtype="float16")) == torch.float16


def test_the_dtype_is_that_of_the_weights_where_the_configuration_says_none(folder: Path) -> None:
    configure(folder, dtype=None, torch_dtype=None)
    assert own_dtype(Source(str(folder))) == torch.float32
    weights = folder / "model.safetensors"
    save_file({key: weight.half() for key, weight in load_file(weights).items()}, weights, {"format": "pt"})
    assert own_dtype(Source(str(folder))) == torch.float16
    assert load_base(Source(str(folder), device="cpu")).model.dtype == torch.float16


def test_a_skeleton_has_layers_and_tokenizer_and_no_weights(llama: Toy) -> None:
    skeleton = load_skeleton(Source(str(llama.folder)), "bones", "org/name")
    assert {weight.device.type for weight in skeleton.model.parameters()} == {"meta"}
    assert [name for name, _ in skeleton.model.named_parameters()] == [
        name for name, _ in llama.plain().named_parameters()
    ]
    assert (skeleton.ends, skeleton.context) == (llama.base.ends, llama.base.context)
    assert (skeleton.name, skeleton.called) == ("bones", "org/name")


def test_a_base_whose_file_lacks_a_tensor_is_refused(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    weights.pop("model.layers.1.mlp.up_proj.weight")
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(EngineError, match=r"no weights for 1 of its tensors \(model\.layers\.1\.mlp"):
        load_base(Source(str(folder), device="cpu"))


def test_code_of_a_base_is_not_run_unless_allowed(folder: Path) -> None:
    configure(
        folder, model_type="own", auto_map={"AutoConfig": "own.Config", "AutoModelForCausalLM": "own.Model"}
    )
    (folder / "own.py").write_text("raise SystemExit('ran')")
    for load in (load_base, load_skeleton):
        with pytest.raises(EngineError, match=r"set\s+`engine.options.trust_remote_code: true`"):
            load(Source(str(folder), device="cpu"))


def test_memory_that_runs_out_while_a_base_is_loaded_is_told(
    llama: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr("assay.engines.torch.loading.AutoModelForCausalLM.from_pretrained", fail)
    with pytest.raises(EngineError, match=r"memory ran out while .* was loaded; set `engine.quantization`"):
        load_base(Source(str(llama.folder), device="cpu"))


def test_an_architecture_that_transformers_lacks_is_an_error(folder: Path) -> None:
    configure(folder, model_type="never-heard-of")
    with pytest.raises(EngineError, match=r"model_type 'never-heard-of', which transformers .* update"):
        load_skeleton(Source(str(folder)))


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        (torch.OutOfMemoryError("no"), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED"), True),
        (MemoryError(), True),
        (RuntimeError("shapes cannot be multiplied"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_out_of_memory_is_told_from_other_errors(bad: Exception, expected: bool) -> None:
    assert out_of_memory(bad) == expected
