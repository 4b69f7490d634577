from __future__ import annotations

import re
from typing import Any

import pytest
import torch

from assay.engines.torch import BatchOptions, TorchOptions
from assay.engines.torch.options import TorchSettings, read_settings
from assay.errors import EngineError
from assay.plan import EngineSettings


def test_the_default_is_the_checkpoints_dtype_and_the_engines_own_batches() -> None:
    settings = read_settings(EngineSettings(name="torch"))
    assert settings == TorchSettings(TorchOptions(), "auto", "none")
    assert settings.options.batching == BatchOptions()


def test_options_reach_the_batches() -> None:
    options = {"rows": 3, "tokens": 50, "memory_gib": 0.5, "exact_adapters": False, "device": "cpu"}
    options["graphs"] = False
    settings = read_settings(EngineSettings(name="torch", dtype="float32", options=options))
    assert settings.options.batching == BatchOptions(
        rows=3, tokens=50, memory=2**29, exact_adapters=False, graphs=False
    )
    assert (settings.options.place.type, settings.dtype) == ("cpu", "float32")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"dtype": "float12"}, "engine.dtype: 'float12' is unknown; choose one of auto, float32"),
        ({"quantization": "3bit"}, "engine.quantization: '3bit' is unknown; choose one of none, 8bit, 4bit"),
        (
            {"options": {"row": 3}},
            "engine.options.row: no such option; did you mean 'rows'? there are device,",
        ),
        ({"options": {"colour": 3}}, "engine.options.colour: no such option; there are device, rows,"),
        ({"options": {"rows": 0}}, "engine.options.rows: 0; write a whole number above 0"),
        ({"options": {"rows": True}}, "engine.options.rows: True; write a whole number above 0"),
        ({"options": {"tokens": 2.5}}, "engine.options.tokens: 2.5; write"),
        ({"options": {"memory_gib": "8"}}, "engine.options.memory_gib: '8'; write a number above 0"),
        ({"options": {"allow_pickle": "yes"}}, "engine.options.allow_pickle: 'yes'; write true or false"),
        ({"options": {"device": 1}}, "engine.options.device: 1; write `cpu`"),
        ({"options": {"device": ""}}, "engine.options.device: ''; write `cpu`"),
        (
            {"options": {"device": "meta"}},
            "engine.options.device: 'meta' cannot be used (it holds no values)",
        ),
        ({"options": {"device": "abacus"}}, "engine.options.device: 'abacus' cannot be used"),
        ({"options": {"device": "cuda:97"}}, "engine.options.device: 'cuda:97'"),
    ],
)
def test_what_the_engine_does_not_know_is_refused_by_name(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(EngineError, match=re.escape(message)):
        read_settings(EngineSettings(name="torch", **fields))


def test_of_what_torch_says_of_a_device_only_the_first_sentence_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise NotImplementedError(
            "Could not run 'aten::empty.x' on 'MPS'. If you are an employee, visit us.\nCPU: ..."
        )

    monkeypatch.setattr(torch, "empty", fail)
    with pytest.raises(EngineError, match=re.escape("(Could not run 'aten::empty.x' on 'MPS'); write `cpu`")):
        read_settings(EngineSettings(name="torch", options={"device": "mps"}))


def test_quantization_without_its_packages_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay.engines.torch.options.find_spec", lambda _: None)
    with pytest.raises(EngineError, match="pip install bitsandbytes accelerate"):
        read_settings(EngineSettings(name="torch", quantization="4bit"))
