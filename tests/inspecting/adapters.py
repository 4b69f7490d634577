"""Small adapters and the configuration of a base for them, made by the tests themselves."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

BASE: Mapping[str, Any] = {
    "model_type": "llama",
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 32,
    "tie_word_embeddings": True,
}
SHAPES = {
    "self_attn.q_proj": (16, 16),
    "self_attn.k_proj": (8, 16),
    "self_attn.v_proj": (8, 16),
    "mlp.down_proj": (16, 24),
}
"""(out, in) of layers of that base."""


def write_base(folder: Path, **fields: Any) -> Path:
    """A base of its config.json alone; gives the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps({**BASE, **fields}))
    return folder


def matrices(
    layers: Iterable[str] = ("self_attn.q_proj", "self_attn.v_proj"), rank: int = 2, blocks: int = 3
) -> dict[str, tuple[int, ...]]:
    """Shapes of a LoRA's tensors, as peft names them."""
    shapes: dict[str, tuple[int, ...]] = {}
    for block in range(blocks):
        for layer in layers:
            out, into = SHAPES[layer]
            name = f"base_model.model.model.layers.{block}.{layer}"
            shapes[f"{name}.lora_A.weight"] = (rank, into)
            shapes[f"{name}.lora_B.weight"] = (out, rank)
    return shapes


def write_adapter(folder: Path, shapes: Mapping[str, tuple[int, ...]] | None = None, **config: Any) -> Path:
    """An adapter of these tensors; gives the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    shapes = matrices() if shapes is None else shapes
    targets = sorted({name.split(".lora_")[0].rpartition(".")[2] for name in shapes if ".lora_" in name})
    written = {
        "peft_type": "LORA",
        "r": 2,
        "lora_alpha": 4,
        "target_modules": targets,
        "task_type": "CAUSAL_LM",
    }
    (folder / "adapter_config.json").write_text(json.dumps({**written, **config}))
    tensors = {name: np.ones(shape, np.float32) for name, shape in shapes.items()}
    save_file(tensors, folder / "adapter_model.safetensors")
    return folder


def write_tokenizer(folder: Path, tokens: Iterable[str], template: str | None = None) -> Path:
    """A tokenizer of these tokens, numbered from 0, and a chat template; gives the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = {token: number for number, token in enumerate(tokens)}
    (folder / "tokenizer.json").write_text(json.dumps({"model": {"vocab": vocabulary}, "added_tokens": []}))
    if template is not None:
        (folder / "chat_template.jinja").write_text(template)
    return folder
