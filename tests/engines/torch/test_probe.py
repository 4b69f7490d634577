from __future__ import annotations

from pathlib import Path

import pytest
import torch

from assay.engines.torch import attention as attention_module
from assay.engines.torch import probe as probe_module
from assay.errors import EngineError
from tests.engines.torch.toys import make_toy


def test_a_model_with_another_attention_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = make_toy("llama", tmp_path, {}).base  # its own: another test's engine may hold the shared one
    real = attention_module._unseen
    monkeypatch.setattr(attention_module, "_unseen", lambda *given: torch.zeros_like(real(*given)))
    with pytest.raises(EngineError, match="differs under this engine's attention"):
        probe_module.probe(base)
