"""Many LoRA adapters on one linear layer, each token under its own adapter. It knows no file.

On a CPU, float32 adapters are applied by a kernel in C (`assay.engines.torch.kernel`). Elsewhere all A matrices are
stacked into one, all B matrices into another, scaling folded into B. Where the ranks add up to little, every token goes
through all of them and a mask keeps its own; where they add up to more, tokens are grouped by adapter and each group
meets its own matrices in one batched product. Which tokens make a group is known on the host only: steps to be
recorded take the first way, whatever the ranks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from assay.engines.torch.adapter_load import Adapter, Delta
from assay.engines.torch.kernel import Kernel
from assay.engines.torch.kernel_lora import Blocks, Pairs
from assay.engines.torch.packed import pack, replace, unpack
from assay.engines.torch.step import Step

__all__ = ["Routing", "Stacked", "stack", "unstack"]

MASKED_RANKS = 128


class Routing:
    """Which token belongs to which adapter in the step under way; shared by all wrapped layers."""

    def __init__(self, adapters: int, kernel: Kernel | None = None) -> None:
        self.count = adapters
        self.kernel = kernel
        """What applies float32 adapters on a CPU; None: torch does."""
        self.plain = ""
        """Why the base's layers are not packed; empty where they are, or need not be."""
        self.rows = torch.empty(0, dtype=torch.long)
        """(T): adapter of each token, -1 for the base."""
        self.fixed = False
        """Whether the step is one to be recorded: no shape may depend on `rows`."""
        self.kept = self.rows
        """The same for the tokens whose logits are wanted: what an output head sees."""
        self._masks: dict[tuple[tuple[int, ...], bool], Tensor] = {}
        self._groups: dict[bool, Groups] = {}
        self._blocks: dict[bool, Blocks] = {}

    def take(self, step: Step) -> None:
        """Point at the tokens of `step`."""
        self.fixed = step.fixed
        self.rows = step.adapters
        self.kept = step.adapters[step.keep]
        self._masks.clear()
        self._groups.clear()
        self._blocks.clear()

    def blocks(self, head: bool) -> Blocks:
        """The tokens in blocks, as the kernel takes them."""
        if head not in self._blocks:
            self._blocks[head] = Blocks(self.kept if head else self.rows)
        return self._blocks[head]

    def others(self, owners: Tensor, signature: tuple[int, ...], head: bool) -> Tensor:
        """(tokens, columns): True where the column belongs to another adapter than the token."""
        if (signature, head) not in self._masks:
            rows = self.kept if head else self.rows
            self._masks[signature, head] = rows.to(owners.device)[:, None] != owners
        return self._masks[signature, head]

    def groups(self, head: bool, device: torch.device) -> Groups:
        """The tokens sorted by adapter."""
        if head not in self._groups:
            self._groups[head] = Groups((self.kept if head else self.rows).to(device), self.count)
        return self._groups[head]


class Groups:
    """Tokens laid out as (adapters present, most tokens of one)."""

    def __init__(self, rows: Tensor, adapters: int) -> None:
        members = [(rows == adapter).nonzero().flatten() for adapter in range(adapters)]
        present = [adapter for adapter, member in enumerate(members) if len(member)]
        longest = max((len(member) for member in members), default=0)
        whole = bool(present) and present == list(range(present[0], present[-1] + 1))
        self.chosen = slice(present[0], present[-1] + 1) if whole else present
        """Adapters that have tokens here, to choose matrices by: without copies where none between them is absent."""
        self.tokens = rows.new_zeros(len(present), longest)
        """Index of each token; padding repeats the first one."""
        self.places = rows.new_full((len(rows),), len(present) * longest)
        """Where each token is in `tokens`, flat; the base's point one past its end."""
        for place, adapter in enumerate(present):
            member = members[adapter]
            self.tokens[place, : len(member)] = member
            self.places[member] = torch.arange(len(member), device=rows.device) + place * longest


class Stacked(nn.Module):
    """A linear layer with the adapters that target it. Quantized layers work: the layer is only called."""

    def __init__(
        self, layer: nn.Module, deltas: Mapping[int, Delta], routing: Routing, dtype: torch.dtype, head: bool
    ) -> None:
        super().__init__()
        self.layer = layer
        self.routing = routing
        self.head = head
        self.dtype = dtype
        self.device = next(layer.parameters()).device
        self.pairs: Pairs | None = None
        """The matrices for the kernel, where it applies them; else torch's stack of them is made."""
        matrices = {owner: (delta.down, delta.up) for owner, delta in deltas.items()}
        if routing.kernel and dtype == torch.float32 and self.device.type == "cpu" and Pairs.fit(matrices):
            self.pairs = Pairs(matrices, routing.count)
        else:
            self._stack(deltas)

    def _stack(self, deltas: Mapping[int, Delta]) -> None:
        """Make what torch's products need."""
        self.signature = tuple(owner for owner, delta in deltas.items() for _ in range(len(delta.down)))
        self.owners = torch.tensor(self.signature, dtype=torch.long, device=self.device)
        self.masked = len(self.signature) <= MASKED_RANKS
        if self.masked:
            self.down = torch.cat([delta.down for delta in deltas.values()]).to(self.device, self.dtype)
            self.up = torch.cat([delta.up for delta in deltas.values()], 1).to(self.device, self.dtype)
        else:
            padded = _padded(deltas, self.routing.count)
            self.down, self.up = (part.to(self.device, self.dtype) for part in padded)

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
        if self.pairs is not None:
            if self._by_kernel(x[0], out[0]):
                return out
            self._stack({owner: Delta(*self.pairs.plain(owner)) for owner in self.pairs.matrices})
            self.pairs = None
        if self.masked:
            return out.add_(self._masked(x[0]))
        return out.add_(self._every(x[0]) if self.routing.fixed else self._grouped(x[0]))

    def _by_kernel(self, x: Tensor, out: Tensor) -> bool:
        """Whether the kernel added what the adapters make of x; a step to be recorded sees operations of torch only."""
        kernel = self.routing.kernel
        if self.pairs is None or kernel is None or self.routing.fixed:
            return False
        return kernel.adapt(x, out, self.pairs, self.routing.blocks(self.head))

    def _masked(self, x: Tensor) -> Tensor:
        others = self.routing.others(self.owners, self.signature, self.head)
        # masked_fill, not a product: an adapter that overflows must not turn the others' rows into NaN.
        return linear(linear(x.to(self.down.dtype), self.down).masked_fill_(others, 0), self.up)

    def _every(self, x: Tensor) -> Tensor:
        """As masked, on the matrices of the grouped form: every token through every adapter."""
        count, _, ranks = self.down.shape
        owners = torch.arange(count, device=x.device)
        others = self.routing.others(owners, tuple(range(count)), self.head)
        middle = torch.matmul(x.to(self.down.dtype), self.down).masked_fill_(others.T[..., None], 0)
        return middle.transpose(0, 1).reshape(-1, count * ranks) @ self.up.flatten(0, 1)

    def _grouped(self, x: Tensor) -> Tensor:
        groups = self.routing.groups(self.head, x.device)
        count, longest = groups.tokens.shape
        out = x.new_empty(count * longest + 1, self.up.shape[-1], dtype=self.up.dtype)
        out[-1] = 0
        if count:
            down, up = (part[groups.chosen] for part in (self.down, self.up))
            inputs = x.index_select(0, groups.tokens.flatten()).to(down.dtype)
            middle = torch.bmm(inputs.view(count, longest, -1), down)
            torch.bmm(middle, up, out=out[:-1].view(count, longest, -1))
        return out.index_select(0, groups.places)


def _padded(deltas: Mapping[int, Delta], count: int) -> tuple[Tensor, Tensor]:
    """A (adapters, in, most ranks) and B (adapters, most ranks, out), zeros where an adapter has less."""
    ranks = max(len(delta.down) for delta in deltas.values())
    some = next(iter(deltas.values()))
    down = some.down.new_zeros(count, some.down.shape[1], ranks)
    up = some.up.new_zeros(count, ranks, some.up.shape[0])
    for owner, delta in deltas.items():
        down[owner, :, : len(delta.down)] = delta.down.T
        up[owner, : len(delta.down)] = delta.up.T
    return down, up


def stack(
    model: nn.Module,
    adapters: Sequence[Adapter],
    dtype: torch.dtype,
    head: nn.Module,
    kernel: Kernel | None = None,
) -> Routing:
    """Wrap every layer that an adapter targets; adapter i of the list is i in a step's `adapters`."""
    at_head = next((name for name, module in model.named_modules() if module is head), None)
    routing = Routing(len(adapters), kernel)
    routing.plain = pack(model)
    names = sorted({name for adapter in adapters for name in adapter.deltas})
    for name in names:
        layer = model.get_submodule(name)
        deltas = {i: adapter.deltas[name] for i, adapter in enumerate(adapters) if name in adapter.deltas}
        replace(model, name, Stacked(layer, deltas, routing, dtype, name == at_head))
    return routing


def unstack(model: nn.Module) -> None:
    """Put the plain layers back."""
    for name, module in list(model.named_modules()):
        if isinstance(module, Stacked):
            replace(model, name, module.layer)
    unpack(model)
