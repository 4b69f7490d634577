from __future__ import annotations

from typing import Any

import pytest

from assay.engines.vllm.options import read_settings
from assay.errors import EngineError
from assay.plan import EngineSettings


@pytest.mark.parametrize(
    ("engine", "said"),
    [
        ({"dtype": "int8"}, r"engine\.dtype"),
        ({"options": {"row": 4}}, "did you mean 'rows'"),
        ({"options": {"rows": 0}}, "a whole number above 0"),
        ({"options": {"memory": 2}}, "a number between 0 and 1"),
        ({"options": {"arguments": {"enable_lora": False}}}, r"engine\.options\.arguments\.enable_lora"),
    ],
)
def test_settings_are_refused_by_field(engine: dict[str, Any], said: str) -> None:
    with pytest.raises(EngineError, match=said):
        read_settings(EngineSettings(name="vllm", **engine))
