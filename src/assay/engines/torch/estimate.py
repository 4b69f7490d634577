"""How much memory a base and its adapters will take, against what is free, before anything is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from assay import memory
from assay.engines.torch.adapter_load import Adapter
from assay.engines.torch.loading import Base, Quantization
from assay.errors import EngineError

__all__ = ["Need", "adapter_bytes", "base_bytes", "free_bytes", "refuse_too_large", "row_bytes"]

SHARE = {"none": 1.0, "8bit": 1.0, "4bit": 0.5625}
"""Bytes of a quantized weight: in 4 bits, half a byte and a float32 scale for each 64."""


@dataclass(frozen=True, slots=True)
class Need:
    """Bytes, estimated."""

    weights: int
    """Of the base."""
    adapters: int
    row: int
    """Keys and values of one row."""
    length: int
    """Tokens of that row."""

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.adapters + self.row


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


def adapter_bytes(adapter: Adapter, weights: Path, each: int, *, twice: bool) -> int:
    """Bytes of an adapter at `each` bytes a weight; of one that is run by peft, its file's.

    `twice`: on a CPU the stack and what it is made from lie in the same memory for a moment.
    """
    if adapter.unstackable:
        return weights.stat().st_size
    count = sum(delta.down.numel() + delta.up.numel() for delta in adapter.deltas.values())
    return count * (each + 4 if twice else each)


def row_bytes(base: Base, length: int) -> int:
    """Bytes of the keys and values of one row of `length` tokens, by the configuration."""
    config = base.model.config.get_text_config()
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return 2 * config.num_hidden_layers * heads * size * length * base.model.dtype.itemsize


def refuse_too_large(need: Need, device: torch.device, quantization: Quantization) -> None:
    """Raise EngineError, with figures and the fix, if the need is more than what is free on the device."""
    free = _free(device)
    if free is None or need.total <= free:
        return
    fixes = ["set `engine.quantization` to 8bit or 4bit"] if quantization == "none" else []
    fixes += ["set `engine.dtype: bfloat16` if that is smaller", "use a machine with more memory"]
    if need.adapters > need.weights // 4:
        fixes.insert(0, "test fewer adapters at once")
    raise EngineError(
        f"it needs about {_gib(need.total)} GiB on {device} ({_gib(need.weights)} for weights, "
        f"{_gib(need.adapters)} for adapters, {_gib(need.row)} for keys and values of one row of {need.length} "
        f"tokens), {_gib(free)} GiB are free; {', or '.join(fixes)}"
    )


def free_bytes(device: torch.device) -> int:
    """Memory of the device that is free now, in bytes; on a CPU within a container's limit."""
    return int(torch.cuda.mem_get_info(device)[0]) if device.type == "cuda" else memory.free_bytes()


def _gib(count: int) -> str:
    return f"{count / 2**30:.1f}"


def _free(device: torch.device) -> int | None:
    """Bytes that are free; None for a device whose memory is not known."""
    return free_bytes(device) if device.type in ("cpu", "cuda") else None
