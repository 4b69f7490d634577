from __future__ import annotations

import subprocess
import sys

import pytest

from tests.engines.torch.conftest import ABSENT


@pytest.mark.skipif(not ABSENT, reason="torch, transformers and peft are present")
def test_torch_engine() -> None:
    pytest.skip(f"absent: {', '.join(ABSENT)}; install lora-assay[torch]")


def test_assay_and_its_engines_import_no_torch() -> None:
    code = "import sys, assay, assay.engines.fake, assay.engines.files; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
