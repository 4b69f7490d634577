"""Many LoRA adapters on one linear layer, each token under its own.

All A matrices are stacked into one, all B matrices into another, scaling folded into B. Where the ranks
add up to little, every token goes through all of them and a mask keeps its own; where they add up to
more, tokens are grouped by adapter and each group meets its own matrices in one batched product.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from assay.engines.torch.adapters import Adapter, Delta
from assay.engines.torch.step import Step

__all__ = ["Routing", "Stacked", "stack", "unstack"]

MASKED_RANKS = 512


class Routing:
    """Which token belongs to which adapter in the step under way; shared by all wrapped layers."""

    def __init__(self, adapters: int) -> None:
        self.count = adapters
        self.rows = torch.empty(0, dtype=torch.long)
        """(T): adapter of each token, -1 for the base."""
        self.kept = self.rows
        """The same for the tokens whose logits are wanted: what an output head sees."""
        self._masks: dict[tuple[tuple[int, ...], bool], Tensor] = {}
        self._groups: dict[bool, Groups] = {}

    def take(self, step: Step) -> None:
        """Point at the tokens of `step`."""
        self.rows = step.adapters
        self.kept = step.adapters[step.keep]
        self._masks.clear()
        self._groups.clear()

    def others(self, owners: Tensor, signature: tuple[int, ...], head: bool) -> Tensor:
        """(tokens, columns): True where the column belongs to another adapter than the token."""
        if (signature, head) not in self._masks:
            rows = self.kept if head else self.rows
            self._masks[signature, head] = rows.to(owners.device)[:, None] != owners
        return self._masks[signature, head]

    def groups(self, head: bool, device: torch.device) -> Groups:
        """The tokens sorted by adapter."""
        if head not in self._groups:
            self._groups[head] = Groups((self.kept if head else self.rows).to(device))
        return self._groups[head]


class Groups:
    """Tokens laid out as (adapters present, most tokens of one)."""

    def __init__(self, rows: Tensor) -> None:
        self.present = rows[rows >= 0].unique()
        members = [(rows == adapter).nonzero().flatten() for adapter in self.present]
        longest = max((len(member) for member in members), default=0)
        self.tokens = (
            torch.stack(
                [
                    torch.cat([member, member.new_full((longest - len(member),), len(rows))])
                    for member in members
                ]
            )
            if members
            else rows.new_empty(0, 0)
        )
        """Index of each token; padding points one past the last token."""


class Stacked(nn.Module):
    """A linear layer with the adapters that target it. Quantized layers work: the layer is only called."""

    def __init__(
        self, layer: nn.Module, deltas: Mapping[int, Delta], routing: Routing, dtype: torch.dtype, head: bool
    ) -> None:
        super().__init__()
        self.layer = layer
        self.routing = routing
        self.head = head
        device = next(layer.parameters()).device
        self.signature = tuple(owner for owner, delta in deltas.items() for _ in range(len(delta.down)))
        self.owners = torch.tensor(self.signature, dtype=torch.long, device=device)
        self.masked = len(self.signature) <= MASKED_RANKS
        if self.masked:
            self.down = torch.cat([delta.down for delta in deltas.values()]).to(device, dtype)
            self.up = torch.cat([delta.up for delta in deltas.values()], 1).to(device, dtype)
        else:
            self.down, self.up = (part.to(device, dtype) for part in _padded(deltas, routing.count))

    @property
    def weight(self) -> Tensor:
        """The layer's own weight: some models look at its dtype or device."""
        return self.layer.weight  # type: ignore[return-value]

    @property
    def bias(self) -> Tensor | None:
        """The layer's own bias."""
        return self.layer.bias  # type: ignore[return-value]

    def forward(self, x: Tensor) -> Tensor:
        """(1, tokens, in) -> (1, tokens, out)."""
        out: Tensor = self.layer(x)
        change = self._masked(x[0]) if self.masked else self._grouped(x[0])
        return (out + change).to(out.dtype)

    def _masked(self, x: Tensor) -> Tensor:
        others = self.routing.others(self.owners, self.signature, self.head)
        # masked_fill, not a product: an adapter that overflows must not turn the others' rows into NaN.
        return linear(linear(x.to(self.down.dtype), self.down).masked_fill_(others, 0), self.up)

    def _grouped(self, x: Tensor) -> Tensor:
        groups = self.routing.groups(self.head, x.device)
        out = x.new_zeros(len(x) + 1, self.up.shape[1], dtype=self.up.dtype)
        if len(groups.present):
            padded = torch.cat([x.to(self.down.dtype), x.new_zeros(1, x.shape[1], dtype=self.down.dtype)])
            middle = torch.bmm(padded[groups.tokens], self.down[groups.present].transpose(1, 2))
            out[groups.tokens] = torch.bmm(middle, self.up[groups.present].transpose(1, 2))
        return out[:-1]


def _padded(deltas: Mapping[int, Delta], count: int) -> tuple[Tensor, Tensor]:
    """A (adapters, most ranks, in) and B (adapters, out, most ranks), zeros where an adapter has less."""
    ranks = max(len(delta.down) for delta in deltas.values())
    some = next(iter(deltas.values()))
    down = some.down.new_zeros(count, ranks, some.down.shape[1])
    up = some.up.new_zeros(count, some.up.shape[0], ranks)
    for owner, delta in deltas.items():
        down[owner, : len(delta.down)] = delta.down
        up[owner, :, : len(delta.down)] = delta.up
    return down, up


def stack(model: nn.Module, adapters: Sequence[Adapter], dtype: torch.dtype, head: nn.Module) -> Routing:
    """Wrap every layer that an adapter targets; adapter i of the list is i in a step's `adapters`."""
    routing = Routing(len(adapters))
    names = sorted({name for adapter in adapters for name in adapter.deltas})
    for name in names:
        layer = model.get_submodule(name)
        deltas = {i: adapter.deltas[name] for i, adapter in enumerate(adapters) if name in adapter.deltas}
        _replace(model, name, Stacked(layer, deltas, routing, dtype, layer is head))
    return routing


def unstack(model: nn.Module) -> None:
    """Put the plain layers back."""
    for name, module in list(model.named_modules()):
        if isinstance(module, Stacked):
            _replace(model, name, module.layer)


def _replace(model: nn.Module, name: str, module: nn.Module) -> None:
    parent, _, child = name.rpartition(".")
    setattr(model.get_submodule(parent), child, module)
