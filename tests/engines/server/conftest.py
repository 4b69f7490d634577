from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.engines.server.servers import Toy, serving

TEMPLATE = "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}[assistant]"


def tensors(path: Path, value: float) -> Path:
    """A safetensors file with one number, written without torch."""
    header = json.dumps({"weight": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + struct.pack("<f", value))
    return path


def make_base(folder: Path, template: str | None = TEMPLATE, **tokenizer: object) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"model_type": "toy"}))
    tensors(folder / "model.safetensors", 1.0)
    said = {"tokenizer_class": "PreTrainedTokenizerFast", "chat_template": template, **tokenizer}
    (folder / "tokenizer_config.json").write_text(json.dumps(said))
    return folder


def make_adapter(folder: Path, value: float) -> Path:
    folder.mkdir(parents=True)
    said = {"peft_type": "LORA", "r": 8, "target_modules": ["q_proj"], "base_model_name_or_path": "base"}
    (folder / "adapter_config.json").write_text(json.dumps(said))
    tensors(folder / "adapter_model.safetensors", value)
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
