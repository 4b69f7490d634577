"""Estimates the memory of a base and its adapters, and compares it with the free memory. It loads nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from assay import memory
from assay.engines.torch.adapter_load import Adapter
from assay.engines.torch.loading import Base, Quantization
from assay.errors import EngineError

__all__ = ["adapter_bytes", "base_bytes", "free_bytes", "refuse_too_large", "row_bytes"]

SHARE = {"none": 1.0, "8bit": 1.0, "4bit": 0.5625}
"""Bytes of a quantized weight: in 4 bits, half a byte and a float32 scale for each 64."""


def base_bytes(base: Base, quantization: Quantization, stored: Sequence[Path]) -> int:
    """Bytes of a skeleton's weights once loaded; of a checkpoint that is quantized already, its files'."""
    if getattr(base.model.config, "quantization_config", None):
        return sum(path.stat().st_size for path in stored)
    head = base.model.get_output_embeddings()
    linear = {
        id(module.weight)
        for module in base.model.modules()
        if isinstance(module, nn.Linear) and module is not head
    }
    total = 0.0
    for weight in (*base.model.parameters(), *base.model.buffers()):
        small = quantization != "none" and id(weight) in linear
        total += weight.numel() * (SHARE[quantization] if small else weight.element_size())
    return int(total)


def adapter_bytes(adapter: Adapter, each: int, *, twice: bool) -> int:
    """Bytes of an adapter at `each` bytes a weight; of one that is run by peft, its files'.

    `twice`: on a CPU the stack and what it is made from lie in the same memory for a moment.
    """
    if adapter.unstackable:
        return sum(path.stat().st_size for path in adapter.files.weights)
    count = sum(delta.down.numel() + delta.up.numel() for delta in adapter.deltas.values())
    return count * (each + 4 if twice else each)


def row_bytes(base: Base, length: int) -> int:
    """Bytes of the keys and values of one row of `length` tokens, by the configuration."""
    config = base.model.config.get_text_config()
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return 2 * config.num_hidden_layers * heads * size * length * base.model.dtype.itemsize


def refuse_too_large(
    weights: int, adapters: int, row: int, device: torch.device, *, length: int, quantized: bool
) -> None:
    """Raise EngineError, with figures and the fix, if these bytes are more than what is free on the device.

    row: bytes of the keys and values of one row of `length` tokens.
    """
    if device.type not in ("cpu", "cuda") or (total := weights + adapters + row) <= (
        free := free_bytes(device)
    ):
        return
    fixes = ["test fewer adapters at once"] if adapters > weights // 4 else []
    fixes += [] if quantized else ["set `engine.quantization` to 8bit or 4bit"]
    fixes += ["set `engine.dtype: bfloat16` if that is smaller", "use a machine with more memory"]
    needs, parts, left = _gib(total), [_gib(count) for count in (weights, adapters, row)], _gib(free)
    raise EngineError(
        f"it needs about {needs} GiB on {device} ({parts[0]} for weights, {parts[1]} for adapters, {parts[2]} for keys "
        f"and values of one row of {length} tokens), {left} GiB are free",
        fix=", or ".join(fixes),
    )


def free_bytes(device: torch.device) -> int:
    """Memory of the device that is free now, in bytes; on a CPU within a container's limit."""
    return int(torch.cuda.mem_get_info(device)[0]) if device.type == "cuda" else memory.free_bytes()


def _gib(count: int) -> str:
    return f"{count / 2**30:.1f}"
