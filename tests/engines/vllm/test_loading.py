"""How vLLM is started; it stands aside for a module that refuses to."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest

from assay.engines.vllm.loading import Order, load
from assay.errors import EngineError


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
