"""Linear layers whose bfloat16 weights are kept in oneDNN's own order, on a CPU.

In plain order oneDNN rearranges a weight at every product, which costs a third of a decoding step. The
plain copy is let go, so that memory stays as it was. torch calls the two operations private: they are
tried here, on each layer, before the plain weight goes; where they fail, layers stay as they are.

Knows no model and no adapter.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

__all__ = ["Packed", "pack", "unpack"]

ROWS = 512
"""Rows of input that oneDNN chooses the order for; the same order serves fewer."""
TRIED = (1, 40)
"""Rows of the products that are compared with plain ones."""
NEAR = 2.0**-7
"""Largest difference from a plain product, in units of its largest entry: one bfloat16 rounding."""


class Packed(nn.Module):
    """A linear layer in the packed order; `layer` has its weight back while it is unpacked."""

    def __init__(self, layer: nn.Linear, *, shared: bool) -> None:
        super().__init__()
        self.layer = layer
        self.shared = shared
        """Another module reads the plain weight too (an embedding): it stays."""
        self._packed: Tensor | None = None

    @property
    def weight(self) -> Tensor:
        """The plain weight, rebuilt: for models that look at it."""
        if self.shared or self._packed is None:
            return self.layer.weight
        return self._packed.to_dense()

    @property
    def bias(self) -> Tensor | None:
        """The layer's own bias."""
        return self.layer.bias

    def forward(self, x: Tensor) -> Tensor:
        """(..., in) -> (..., out)."""
        if self._packed is None:
            self.pack()
        return _product(x, self._packed, self.layer.bias)

    @torch.inference_mode(False)
    @torch.no_grad()
    def pack(self, packed: Tensor | None = None) -> None:
        """Rearrange the weight if that is not done, and let the plain one go if no other module reads it."""
        self._packed = _rearranged(self.layer.weight.detach()) if packed is None else packed
        if not self.shared:
            self.layer.weight.data = self.layer.weight.data.new_empty(0)

    @torch.inference_mode(False)
    @torch.no_grad()
    def unpack(self) -> nn.Linear:
        """The plain layer, its weight as it was, bit by bit."""
        if self._packed is not None and not self.shared:
            self.layer.weight.data = self._packed.to_dense()
        self._packed = None
        return self.layer


def pack(model: nn.Module) -> str:
    """Pack every bfloat16 linear layer on a CPU. Returns why some or all stay plain; empty if none does."""
    owners: dict[int, int] = {}
    for module in model.modules():
        for weight in module._parameters.values():
            if weight is not None:
                owners[id(weight)] = owners.get(id(weight), 0) + 1
    for name, layer in list(model.named_modules()):
        if type(layer) is not nn.Linear or not _fits(layer):
            continue
        tried = _tried(layer)
        if isinstance(tried, str):
            return f"{name}: {tried}"
        wrapped = Packed(layer, shared=owners[id(layer.weight)] > 1)
        wrapped.pack(tried)
        replace(model, name, wrapped)
    return ""


def unpack(model: nn.Module) -> None:
    """Put the plain layers back."""
    for name, module in list(model.named_modules()):
        if isinstance(module, Packed):
            replace(model, name, module.unpack())


def replace(model: nn.Module, name: str, module: nn.Module) -> None:
    """Put `module` where `name` is."""
    parent, _, child = name.rpartition(".")
    setattr(model.get_submodule(parent), child, module)


def _fits(layer: nn.Linear) -> bool:
    weight = layer.weight
    hooked = layer._forward_hooks or layer._forward_pre_hooks or "forward" in vars(layer)
    plain = weight.device.type == "cpu" and weight.dtype == torch.bfloat16
    return plain and not (weight.requires_grad or hooked)


@torch.no_grad()
def _tried(layer: nn.Linear) -> Tensor | str:
    """The packed weight; or why there is none: packed products differ here, or there is no such operation."""
    weight = layer.weight.detach()
    try:
        packed = _rearranged(weight)
        if not torch.equal(packed.to_dense(), weight):
            return "a packed weight is not the plain one"
        for rows in TRIED:
            # The weight's own first rows: as large as what it multiplies, and other in each layer.
            x = weight[:rows].contiguous()
            ours, plain = _product(x, packed, layer.bias).float(), linear(x, weight, layer.bias).float()
            if not float((ours - plain).abs().max()) <= NEAR * float(plain.abs().max()):
                return "a packed product is not the plain one"
    except (RuntimeError, AttributeError, NotImplementedError) as bad:
        return str(bad).split("\n", 1)[0]
    return packed


def _rearranged(weight: Tensor) -> Tensor:
    packed: Tensor = torch.ops.mkldnn._reorder_linear_weight(weight, ROWS)
    return packed


def _product(x: Tensor, packed: Tensor | None, bias: Any) -> Tensor:
    out: Tensor = torch.ops.mkldnn._linear_pointwise(x, packed, bias, "none", [], "")
    return out
