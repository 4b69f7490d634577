"""The input of one forward pass: many sequences end to end without padding; and the KV cache. It knows no model.

Order of the T tokens: R rows that decode (one token each), then prompts, then scored sequences.
Decoding rows and prompts write their keys and values to the cache; scored sequences leave no trace.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from transformers.cache_utils import Cache

from assay.engines.torch.kernel import Kernel

__all__ = ["Group", "KVCache", "Segment", "Step", "current", "running"]

GROUP_TOKENS = 4096
GROWTH = 32
"""Positions that a block grows by at least; and by an eighth of what it has."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One sequence's part of a step."""

    tokens: Sequence[int]
    adapter: int
    """Position in the stack of adapters; -1: the base."""
    start: int = 0
    """Position of the first token in its sequence: above 0 for a row that decodes."""
    slot: int = -1
    """Row of memory; -1: a scored sequence."""
    keep: int = 1
    """Logits are wanted at so many last positions."""


@dataclass(frozen=True, slots=True)
class Group:
    """Whole sequences of like length, padded on the right, where causal attention never looks."""

    tokens: Tensor
    """(sequences, longest): index of each token in the step; padding repeats the last one."""
    real: Tensor
    """Flat index of the entries of `tokens` that are not padding."""
    longest: int


@dataclass(slots=True)
class Step:
    """What attention, memory and adapters must know of one forward pass."""

    ids: Tensor
    """(T)."""
    positions: Tensor
    """(T)."""
    adapters: Tensor
    """(T): the adapter of each token."""
    slots: Tensor
    """(W): memory row of each of the first W tokens, those that are written."""
    keep: Tensor
    """(K): tokens whose logits are wanted."""
    decoding: int
    """R: how many of the first tokens continue a sequence in memory, token i in slot i."""
    reach: int
    """Keys that the longest decoding row sees, its own token included."""
    extent: int
    """Positions of memory that the step reads or writes: all below this one."""
    groups: list[Group]
    cache: KVCache | None
    kernel: Kernel | None = None
    """What decoding rows attend with; None: torch's products."""
    fixed: bool = False
    """Its tensors are buffers that the next step fills again: shapes may depend on their sizes alone."""
    masks: dict[tuple[int, ...], Tensor] = field(default_factory=dict)
    """Attention masks of this step, shared by its layers."""

    @classmethod
    def of(cls, segments: Sequence[Segment], cache: KVCache | None, device: torch.device) -> Step:
        """Lay the segments out. They come in the order: decoding (slots 0, 1, ...), prompts, scored."""
        ids: list[int] = []
        positions: list[int] = []
        adapters: list[int] = []
        slots: list[int] = []
        keep: list[int] = []
        spans: list[range] = []
        decoding = sum(segment.start > 0 for segment in segments)
        for segment in segments:
            count, first = len(segment.tokens), len(ids)
            ids += segment.tokens
            positions += range(segment.start, segment.start + count)
            adapters += [segment.adapter] * count
            if segment.slot >= 0:
                slots += [segment.slot] * count
            keep += range(first + count - segment.keep, first + count)
            if segment.start == 0:
                spans.append(range(first, first + count))

        def put(values: list[int]) -> Tensor:
            return torch.tensor(values, dtype=torch.long).to(device, non_blocking=True)

        return cls(
            ids=put(ids),
            positions=put(positions),
            adapters=put(adapters),
            slots=put(slots),
            keep=put(keep),
            decoding=decoding,
            reach=1 + max(positions[:decoding], default=0),
            extent=1 + max(positions[: len(slots)], default=0),
            groups=[_group(spans, device) for spans in _alike(spans)],
            cache=cache,
        )


def _alike(spans: list[range]) -> Iterator[list[range]]:
    """Sets of spans whose padding stays under a quarter, and whose tokens stay under GROUP_TOKENS."""
    alike: list[range] = []
    for span in sorted(spans, key=len, reverse=True):
        if alike and (4 * len(span) < 3 * len(alike[0]) or (len(alike) + 1) * len(alike[0]) > GROUP_TOKENS):
            yield alike
            alike = []
        alike.append(span)
    if alike:
        yield alike


def _group(spans: list[range], device: torch.device) -> Group:
    longest = len(spans[0])
    tokens = [[*span, *[span[-1]] * (longest - len(span))] for span in spans]
    real = [row * longest + column for row, span in enumerate(spans) for column in range(len(span))]
    return Group(torch.tensor(tokens, device=device), torch.tensor(real, device=device), longest)


_current: ContextVar[Step] = ContextVar("step")


def current() -> Step:
    """The step of the forward pass under way."""
    return _current.get()


@contextmanager
def running(step: Step) -> Iterator[None]:
    """Make `step` the current one."""
    token = _current.set(step)
    try:
        yield
    finally:
        _current.reset(token)


class KVCache(Cache):
    """Keys and values of the rows that generate: a block for each layer, written in place.

    `slots` rows of `capacity` positions; blocks are (slots, key/value heads, positions, head size). On a GPU a block
    is made once, and stays where it is: recorded steps know its address. On a CPU it grows with its longest row:
    products over a part of a block would copy that part at every step.
    """

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

    @property
    def blocks(self) -> tuple[Tensor, Tensor]:
        """Keys and values of the layer under way, whole."""
        return self.keys[self.layer], self.values[self.layer]

    def read(self, rows: int, reach: int) -> tuple[Tensor, Tensor]:
        """Keys and values of the first rows in the layer under way: `reach` positions, on a CPU mostly more."""
        keys, values = self.blocks
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
