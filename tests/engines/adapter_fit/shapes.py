"""A small base and adapters for it, as names and shapes alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from assay.engines.adapter_files import AdapterFiles, Form
from assay.engines.adapter_fit import BaseShapes, Fit, fit_adapter

Shapes = dict[str, tuple[int, ...]]
WIDTH, KEYS, WIDE, ROWS, BLOCKS = 16, 8, 24, 40, 4
SIZES = {
    "self_attn.q_proj": (WIDTH, WIDTH),
    "self_attn.k_proj": (KEYS, WIDTH),
    "self_attn.v_proj": (KEYS, WIDTH),
    "self_attn.o_proj": (WIDTH, WIDTH),
    "mlp.up_proj": (WIDE, WIDTH),
    "mlp.down_proj": (WIDTH, WIDE),
}
LAYERS: Shapes = {
    f"model.layers.{number}.{name}": size for number in range(BLOCKS) for name, size in SIZES.items()
}
BASE = BaseShapes(
    {
        **LAYERS,
        "model.embed_tokens": (ROWS, WIDTH),
        "lm_head": (ROWS, WIDTH),
        "model.norm": (WIDTH,),
        **{f"model.layers.{number}.input_layernorm": (WIDTH,) for number in range(BLOCKS)},
    },
    "llama",
    name="models/small",
)
TIED = BaseShapes(
    {key: value for key, value in BASE.layers.items() if key != "lm_head"}, "llama", True, "small"
)
CONFIG: dict[str, Any] = {
    "peft_type": "LORA",
    "task_type": "CAUSAL_LM",
    "base_model_name_or_path": "models/small",
    "r": 2,
    "lora_alpha": 4,
    "target_modules": ["q_proj", "v_proj", "down_proj"],
    "modules_to_save": None,
}
PREFIX = "base_model.model."


def pair(layer: str, rank: int = 2, prefix: str = PREFIX, size: tuple[int, ...] | None = None) -> Shapes:
    """Both matrices of one layer, in peft's form."""
    out, into = size or LAYERS[layer]
    return {f"{prefix}{layer}.lora_A.weight": (rank, into), f"{prefix}{layer}.lora_B.weight": (out, rank)}


def plain(*names: str, rank: int = 2, blocks: int = BLOCKS) -> Shapes:
    """An adapter of these layers in each block; by default those that `CONFIG` targets."""
    chosen = names or ("self_attn.q_proj", "self_attn.v_proj", "mlp.down_proj")
    return {
        key: shape
        for number in range(blocks)
        for name in chosen
        for key, shape in pair(f"model.layers.{number}.{name}", rank).items()
    }


def renamed(shapes: Mapping[str, tuple[int, ...]], change: Callable[[str], str]) -> Shapes:
    """The same shapes under other names."""
    return {change(key): shape for key, shape in shapes.items()}


def mlx() -> tuple[dict[str, Any], Shapes]:
    """Configuration and shapes of the same adapter as mlx-lm saves it."""
    shapes = {
        key.removeprefix(PREFIX).replace("lora_A.weight", "lora_a").replace("lora_B.weight", "lora_b"): shape[
            ::-1
        ]
        for key, shape in plain().items()
    }
    settings = {"rank": 2, "scale": 20.0, "dropout": 0.0}
    return {
        "fine_tune_type": "lora",
        "num_layers": 4,
        "lora_parameters": settings,
        "model": "x/small",
    }, shapes


def fit(
    tensors: Mapping[str, tuple[int, ...]],
    base: BaseShapes = BASE,
    form: Form = "peft",
    weights: int = 1,
    **config: Any,
) -> Fit:
    """The fit of an adapter with `CONFIG` and these changes; mlx-lm's with these fields alone."""
    paths = tuple(Path(f"adapter_model-{number}.safetensors") for number in range(weights))
    written = config if form == "mlx-lm" else CONFIG | config
    return fit_adapter(AdapterFiles(Path("adapter"), written, paths, tensors, form), base)
