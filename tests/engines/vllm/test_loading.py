"""How vLLM is started; it stands aside for a module that refuses to."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest

from assay.engines.adapter_files import read_adapter_files
from assay.engines.adapter_fit import BaseShapes
from assay.engines.vllm.adapter_check import check_adapter
from assay.engines.vllm.loading import Order, load, write_control
from assay.errors import EngineError
from tests.engines.vllm.conftest import lora, make_adapter


def test_a_start_that_fails_names_the_base_and_where_the_cause_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = MagicMock(EngineArgs=_Arguments())
    module.LLM.side_effect = RuntimeError("Engine core initialization failed")
    monkeypatch.setitem(sys.modules, "vllm", module)
    order = Order("qwen", {}, (), 4)
    wanted = "base 'qwen': vLLM does not start.*the cause above.*engine.options.memory"
    with pytest.raises(EngineError, match=wanted), load(order, tmp_path):
        pass


def test_vllm_writes_its_warnings_beside_the_result_not_into_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", {})
    module = MagicMock(EngineArgs=_Arguments())
    module.LLM.side_effect = RuntimeError
    monkeypatch.setitem(sys.modules, "vllm", module)
    order = Order("qwen", {}, (), 4)
    with pytest.raises(EngineError), load(order, tmp_path):
        pass
    assert os.environ["VLLM_LOGGING_STREAM"] == "ext://sys.stderr"


class _Arguments:
    __dataclass_fields__: dict[str, Any] = {}  # noqa: RUF012 - as dataclasses have it


def test_the_control_is_the_adapter_with_nothing_in_b(tmp_path: Path) -> None:
    folder = make_adapter(tmp_path / "math", lora(2), value=7.0, r=2)
    control = write_control(tmp_path / "control", folder)
    assert check_adapter(read_adapter_files(control), BaseShapes()) == check_adapter(
        read_adapter_files(folder), BaseShapes()
    )
    numbers = set((control / "adapter_model.safetensors").read_bytes()[-4 * 2 * 4 :])
    assert numbers == {0}  # the last tensor is a B
    torch = pytest.importorskip("safetensors.numpy").load_file(control / "adapter_model.safetensors")
    for name, weight in torch.items():
        assert (weight == (0 if "lora_B" in name else 7)).all()
