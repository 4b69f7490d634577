from __future__ import annotations

import pytest
import torch

from assay import memory
from assay.engines.torch.memory import free_bytes


def test_a_processors_memory_is_that_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free_bytes", lambda: 1234)
    assert free_bytes(torch.device("cpu")) == 1234
