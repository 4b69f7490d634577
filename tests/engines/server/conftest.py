from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.engines.server.servers import Toy, serving
from tests.engines.vllm.conftest import tensors

TEMPLATE = "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}[assistant]"


LAYER = "model.layers.0.self_attn.q_proj"
"""The one layer of a base."""


def make_base(folder: Path, template: str | None = TEMPLATE, **tokenizer: object) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"model_type": "toy"}))
    tensors(folder / "model.safetensors", {f"{LAYER}.weight": (1, 1)})
    said = {"tokenizer_class": "PreTrainedTokenizerFast", "chat_template": template, **tokenizer}
    (folder / "tokenizer_config.json").write_text(json.dumps(said))
    return folder


def make_adapter(folder: Path, value: float) -> Path:
    folder.mkdir(parents=True)
    said = {"peft_type": "LORA", "r": 8, "target_modules": ["q_proj"], "base_model_name_or_path": "base"}
    (folder / "adapter_config.json").write_text(json.dumps(said))
    pair = {
        f"base_model.model.{LAYER}.lora_{name}.weight": (8, 1)[:: 1 if name == "A" else -1] for name in "AB"
    }
    tensors(folder / "adapter_model.safetensors", pair, value)
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A base and two adapters, as files."""
    make_base(tmp_path / "base")
    make_adapter(tmp_path / "math", 2.0)
    make_adapter(tmp_path / "chat", 3.0)
    return tmp_path


@pytest.fixture
def serve() -> Iterator[Callable[[Toy], str]]:
    """Serves toys until the test ends."""
    with ExitStack() as stack:
        yield lambda toy: stack.enter_context(serving(toy))
