"""Each engine says whether it would load an adapter, and why not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assay.engines.adapter_files import read_adapter_files
from assay.engines.adapter_fit import BaseShapes, fit_adapter
from assay.engines.base_shapes import layer_shapes
from assay.inspecting.engines import readiness
from tests.inspecting.adapters import BASE, write_adapter

SHAPES = BaseShapes(layer_shapes(BASE) or {}, "llama", tied=True)


def reasons(folder: Path, base: BaseShapes = SHAPES) -> dict[str, str]:
    """Why engines do not load an adapter, by the names of those that do not."""
    files = read_adapter_files(folder)
    engines = readiness(files, fit_adapter(files, base))
    assert list(engines) == ["torch", "vllm", "server"]
    assert all(engine.loads == (engine.reason is None) for engine in engines.values())
    return {name: engine.reason for name, engine in engines.items() if engine.reason}


def test_a_plain_adapter_loads_everywhere(tmp_path: Path) -> None:
    assert reasons(write_adapter(tmp_path / "a")) == {}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"peft_type": "LOHA"}, {"vllm": "vLLM takes LORA only", "server": "servers take LORA only"}),
        (
            {"peft_type": "PROMPT_TUNING"},
            {
                "torch": "is more than a change of layers",
                "vllm": "takes LORA only",
                "server": "take LORA only",
            },
        ),
        (
            {"peft_type": "lora"},
            {"torch": "is unknown to peft", "vllm": "takes LORA only", "server": "take LORA only"},
        ),
        ({"bias": "all"}, {"vllm": "it has bias: all", "server": "it has bias: all"}),
        ({"use_qalora": True}, {"vllm": "use_qalora", "server": "apply plain LoRA only"}),
        ({"r": 2, "rank_pattern": {"k_proj": 1024}}, {"vllm": "takes up to 512"}),
        (
            {"init_lora_weights": "pissa"},
            dict.fromkeys(("torch", "vllm", "server"), "init_lora_weights: pissa changes the base's own"),
        ),
    ],
)
def test_an_engine_names_the_setting_that_it_does_not_take(
    config: dict[str, Any], expected: dict[str, str], tmp_path: Path
) -> None:
    why = reasons(write_adapter(tmp_path / "a", **config))
    assert set(why) == set(expected)
    assert all(text in why[name] for name, text in expected.items())


def test_an_adapter_that_does_not_fit_loads_nowhere(tmp_path: Path) -> None:
    why = reasons(write_adapter(tmp_path / "a"), BaseShapes({"model.layers.0.other": (3, 3)}, "llama"))
    assert set(why) == {"torch", "vllm", "server"}
    assert len(set(why.values())) == 1
