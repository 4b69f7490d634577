from __future__ import annotations

import pytest

from assay.engines.torch import TorchEngine
from assay.engines.torch import attention as attention_module
from tests.engines.torch.test_engine import everything, outputs


def test_long_prompts_attend_in_blocks_of_queries(
    engine: TorchEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = outputs(engine, everything())
    monkeypatch.setattr(attention_module, "QUERY_BLOCK", 16)
    assert outputs(engine, everything()) == usual


def test_the_fused_kernel_gives_the_same_tokens(engine: TorchEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = outputs(engine, everything())
    monkeypatch.setattr(attention_module, "_fused", lambda _: True)
    assert outputs(engine, everything()) == usual
