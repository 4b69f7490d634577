"""Keys and values of the rows that generate: one block for each layer, made once, written in place."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from transformers.cache_utils import Cache

from assay.engines.torch.step import current

__all__ = ["Memory", "free_bytes"]


class Memory(Cache):
    """`slots` rows of `capacity` positions. Blocks are (slots, key/value heads, capacity, head size)."""

    def __init__(self, slots: int, capacity: int) -> None:
        super().__init__(layers=[])
        self.slots = slots
        self.capacity = capacity
        self.keys: dict[int, Tensor] = {}
        self.values: dict[int, Tensor] = {}
        self.layer = 0
        """The layer whose keys came last: attention reads them next."""

    def update(
        self, key_states: Tensor, value_states: Tensor, layer_idx: int, *_: Any, **__: Any
    ) -> tuple[Tensor, Tensor]:
        """Write the step's keys and values, (1, heads, T, size), and hand them back unchanged."""
        step = current()
        self.layer = layer_idx
        if written := len(step.slots):
            places = step.positions[:written]
            keys, values = self._blocks(layer_idx, key_states, value_states)
            keys[step.slots, :, places] = key_states[0, :, :written].transpose(0, 1)
            values[step.slots, :, places] = value_states[0, :, :written].transpose(0, 1)
        return key_states, value_states

    def _blocks(self, layer: int, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        if layer not in self.keys:
            # Zeros, not empty: a masked position weighs 0, and 0 times a stray NaN is NaN.
            heads = key.shape[1]
            self.keys[layer] = key.new_zeros(self.slots, heads, self.capacity, key.shape[-1])
            self.values[layer] = value.new_zeros(self.slots, heads, self.capacity, value.shape[-1])
        return self.keys[layer], self.values[layer]

    @torch.inference_mode()
    def move(self, source: int, target: int) -> None:
        """Copy one row over another, so that the rows in use stay the first ones."""
        for block in (*self.keys.values(), *self.values.values()):
            block[target].copy_(block[source])

    def get_seq_length(self, layer_idx: int = 0) -> int:  # noqa: ARG002
        """0: positions are always given, never derived from the cache."""
        return 0


def free_bytes(device: torch.device) -> int:
    """Memory that is free now, in bytes; 4 GiB where the system does not tell."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:  # noqa: PTH123
            kib = next(line.split()[1] for line in lines if line.startswith("MemAvailable"))
        return int(kib) * 1024
    except (OSError, StopIteration):
        return 4 * 2**30
