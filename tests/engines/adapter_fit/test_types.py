from __future__ import annotations

from assay.engines.adapter_fit import Fit
from assay.errors import EngineError


def test_the_first_error_is_kept() -> None:
    first, second = EngineError("first"), EngineError("second")
    assert Fit("peft", {}).failed(first).failed(second).error is first
