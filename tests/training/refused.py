"""Why a training is refused before it starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.errors import AssayError
from assay.training import train


def refusal(path: Path, out: Path | None = None) -> str:
    out = out or path.parent / "out"
    with pytest.raises(AssayError) as told:
        train(path, out)
    assert not list(out.glob("*/adapter_model.safetensors"))
    return str(told.value)
