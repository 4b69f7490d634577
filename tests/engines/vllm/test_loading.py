"""How vLLM is started; it stands aside for a module that refuses to."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest

from assay.engines.adapter_files import read_adapter_files
from assay.engines.adapter_fit import BaseShapes, header_shapes
from assay.engines.files import Stamp, shards
from assay.engines.vllm.adapter_check import check_adapter
from assay.engines.vllm.loading import Adapter, Order, load, write_control
from assay.engines.vllm.session import CONTROL
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


def test_an_adapter_in_another_form_is_handed_over_under_pefts_names(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrapped = {f"_orig_mod.{key}": shape for key, shape in lora().items()}
    files = read_adapter_files(make_adapter(tmp_path / "compiled", wrapped))
    needs = check_adapter(files, header_shapes(home / "base", shards(home / "base")))
    module, request = MagicMock(EngineArgs=_Arguments()), MagicMock()
    monkeypatch.setitem(sys.modules, "vllm", module)
    monkeypatch.setitem(sys.modules, "vllm.lora.request", request)
    adapter = Adapter("compiled", "compiled-0a1b", files, needs, Stamp.of(files.folder))
    (place := tmp_path / "place").mkdir()
    with load(Order("base", {}, (), 4, [adapter]), place):
        handed = [Path(call.args[2]) for call in request.LoRARequest.call_args_list]
        for folder in handed:  # the adapter, and the control that is made of it
            assert set(read_adapter_files(folder).tensors) == set(lora())
    assert len(handed) == 2


class _Requests:
    """Stands for vLLM's engine and its requests: it does not take adapters of some names."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *refused: str) -> None:
        self.llm = MagicMock()
        self.refused = refused
        self.taken: list[tuple[str, int, str]] = []
        self.llm.llm_engine.add_lora = self._add
        module = MagicMock(EngineArgs=_Arguments())
        module.LLM.return_value = self.llm
        monkeypatch.setitem(sys.modules, "vllm", module)
        request = MagicMock(LoRARequest=lambda *parts: parts)
        monkeypatch.setitem(sys.modules, "vllm.lora.request", request)

    def _add(self, request: tuple[str, int, str]) -> None:
        if request[0] in self.refused:
            raise ValueError("no room")
        self.taken.append(request)


def _adapters(home: Path) -> list[Adapter]:
    """`math` changes more layers than `chat`."""
    base = header_shapes(home / "base", shards(home / "base"))
    files = [read_adapter_files(home / name) for name in ("math", "chat")]
    return [
        Adapter(each.folder.name, each.folder.name, each, check_adapter(each, base), Stamp.of(each.folder))
        for each in files
    ]


def test_the_control_is_made_of_an_adapter_that_vllm_took(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = _Requests(monkeypatch, "math")
    (place := tmp_path / "place").mkdir()
    with load(Order("base", {}, (), 4, _adapters(home)), place) as session:
        assert list(session.failed) == ["math"]
    assert [name for name, _, _ in requests.taken] == ["chat", CONTROL]
    control = read_adapter_files(Path(requests.taken[1][2]))
    assert set(control.tensors) == set(read_adapter_files(home / "chat").tensors)


def test_a_control_that_vllm_does_not_take_ends_the_start(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = _Requests(monkeypatch, CONTROL)
    (place := tmp_path / "place").mkdir()
    wanted = "all of B zero, by which rounding is measured: ValueError: no room"
    with pytest.raises(EngineError, match=wanted), load(Order("base", {}, (), 4, _adapters(home)), place):
        pass
    assert requests.llm.llm_engine.engine_core.shutdown.called


def test_without_an_adapter_that_vllm_took_there_is_no_control(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = _Requests(monkeypatch, "math", "chat", CONTROL)
    (place := tmp_path / "place").mkdir()
    with load(Order("base", {}, (), 4, _adapters(home)), place) as session:
        assert list(session.failed) == ["math", "chat"]
    assert not requests.taken
