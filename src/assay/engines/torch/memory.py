"""Keys and values of the rows that generate: a block for each layer, written in place.

On a GPU a block is made once, and stays where it is: recorded steps know its address. On a CPU it grows
with its longest row: products over a part of a block would copy that part at every step.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from transformers.cache_utils import Cache

from assay import memory
from assay.engines.torch.step import current

__all__ = ["Memory", "free_bytes"]

GROWTH = 32
"""Positions that a block grows by at least; and by an eighth of what it has."""


class Memory(Cache):
    """`slots` rows of `capacity` positions. Blocks are (slots, key/value heads, positions, head size)."""

    def __init__(self, slots: int, capacity: int, *, whole: bool = False) -> None:
        super().__init__(layers=[])
        self.slots = slots
        self.capacity = capacity
        self.whole = whole
        """Blocks of all positions from the start, on a CPU too."""
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
            keys, values = self._blocks(layer_idx, key_states, value_states, step.extent)
            keys[step.slots, :, places] = key_states[0, :, :written].transpose(0, 1)
            values[step.slots, :, places] = value_states[0, :, :written].transpose(0, 1)
        return key_states, value_states

    def _blocks(self, layer: int, key: Tensor, value: Tensor, extent: int) -> tuple[Tensor, Tensor]:
        if layer not in self.keys or self.keys[layer].shape[2] < extent:
            self.keys[layer] = self._longer(self.keys.get(layer), key, extent)
            self.values[layer] = self._longer(self.values.get(layer), value, extent)
        return self.keys[layer], self.values[layer]

    def _longer(self, block: Tensor | None, states: Tensor, extent: int) -> Tensor:
        """A block of `extent` positions or more that holds what `block` does."""
        size = self.capacity
        if states.device.type == "cpu" and not self.whole:
            size = min(size, extent + max(GROWTH, extent // 8))
        # Zeros, not empty: a masked position weighs 0, and 0 times a stray NaN is NaN.
        longer = states.new_zeros(self.slots, states.shape[1], size, states.shape[-1])
        if block is not None:
            longer[:, :, : block.shape[2]] = block
        return longer

    def read(self, rows: int, reach: int) -> tuple[Tensor, Tensor]:
        """Keys and values of the first rows in the layer under way: `reach` positions, on a CPU mostly more."""
        keys, values = self.keys[self.layer], self.values[self.layer]
        whole = keys.shape[2]
        if keys.device.type != "cpu" or 4 * reach < 3 * whole:
            whole = reach
        return keys[:rows, :, :whole], values[:rows, :, :whole]

    @torch.inference_mode()
    def move(self, source: int, target: int) -> None:
        """Copy one row over another, so that the rows in use stay the first ones."""
        for block in (*self.keys.values(), *self.values.values()):
            block[target].copy_(block[source])

    @torch.inference_mode()
    def clear(self, start: int, end: int) -> None:
        """Forget the values of these rows: a NaN among them would reach the next row there through weight 0."""
        for block in self.values.values():
            block[start:end].zero_()

    def get_seq_length(self, layer_idx: int = 0) -> int:  # noqa: ARG002
        """0: positions are always given, never derived from the cache."""
        return 0


def free_bytes(device: torch.device) -> int:
    """Memory of the device that is free now, in bytes; on a CPU within a container's limit."""
    return int(torch.cuda.mem_get_info(device)[0]) if device.type == "cuda" else memory.free_bytes()
