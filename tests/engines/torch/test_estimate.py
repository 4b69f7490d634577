from __future__ import annotations

import pytest
import torch

from assay import memory
from assay.engines.torch import Source, TorchEngine, estimate, load_skeleton
from assay.engines.torch.estimate import adapter_bytes, base_bytes, refuse_too_large, row_bytes
from assay.errors import EngineError
from tests.engines.torch.toys import Toy

GIB = 2**30
CPU = torch.device("cpu")


def test_a_skeletons_weights_are_those_of_the_base_in_its_dtype(llama: Toy) -> None:
    held = sum(weight.numel() for weight in llama.base.model.parameters())
    for dtype, size in (("float32", 4), ("bfloat16", 2)):
        skeleton = load_skeleton(Source(str(llama.folder), dtype=dtype))
        assert base_bytes(skeleton, "none", ()) == pytest.approx(size * held, rel=0.01)


def test_quantization_makes_all_layers_but_the_head_smaller(llama: Toy) -> None:
    skeleton = load_skeleton(Source(str(llama.folder), dtype="bfloat16"))
    whole, half, quarter = (base_bytes(skeleton, kind, ()) for kind in ("none", "8bit", "4bit"))
    layers = sum(w.numel() for name, w in skeleton.model.named_parameters() if "proj" in name)
    assert whole - half == layers
    assert half - quarter == pytest.approx(layers * (1 - 0.5625))


def test_keys_and_values_are_what_the_engine_measures(llama: Toy) -> None:
    assert row_bytes(llama.base, 100) == 100 * TorchEngine(llama.base).bytes_per_token


def test_an_adapter_is_counted_in_the_dtype_it_is_held_in(llama: Toy) -> None:
    adapter = llama.adapters[0]
    count = sum(delta.down.numel() + delta.up.numel() for delta in adapter.deltas.values())
    assert adapter_bytes(adapter, 2, twice=False) == 2 * count
    assert adapter_bytes(adapter, 4, twice=True) == 8 * count


def test_what_does_not_fit_is_refused_with_figures_and_the_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimate, "free_bytes", lambda _: 8 * GIB)
    refuse_too_large(6 * GIB, GIB, GIB, CPU, length=2048, quantized=False)
    with pytest.raises(EngineError) as said:
        refuse_too_large(14 * GIB, GIB // 2, GIB // 4, CPU, length=2048, quantized=False)
    assert str(said.value).startswith(
        "it needs about 14.8 GiB on cpu (14.0 for weights, 0.5 for adapters, 0.2 for keys and values of one "
        "row of 2048 tokens), 8.0 GiB are free; set `engine.quantization` to 8bit or 4bit, or"
    )
    with pytest.raises(EngineError, match="free; test fewer adapters at once, or set"):
        refuse_too_large(2 * GIB, 9 * GIB, GIB, CPU, length=2048, quantized=True)


def test_nothing_is_refused_where_the_system_does_not_tell() -> None:
    refuse_too_large(2**60, 0, 0, torch.device("meta"), length=1, quantized=False)


def test_a_processors_memory_is_that_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free_bytes", lambda: 1234)
    assert estimate.free_bytes(torch.device("cpu")) == 1234
