"""RMS normalisation as one autograd function, which keeps its input alone. It knows no model.

A model's own layer keeps several copies of its input in float32 for the gradient.
"""

from __future__ import annotations

from types import MethodType
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function

__all__ = ["join_norms"]


def join_norms(model: nn.Module) -> None:
    """Let every layer of RMS normalisation that gives the same bits compute by one function."""
    for module in model.modules():
        if type(module).__name__.endswith("RMSNorm") and _same(module):
            module.forward = MethodType(_normed, module)  # type: ignore[method-assign]


@torch.no_grad()
def _same(module: Any) -> bool:
    """Whether a layer is scaling by the root of the mean square, then by a frozen weight."""
    weight, eps = getattr(module, "weight", None), getattr(module, "variance_epsilon", None)
    if weight is None or eps is None or weight.requires_grad:
        return False
    places = torch.arange(4 * len(weight), device=weight.device, dtype=torch.float32)
    x = (3 * torch.sin(places)).view(4, -1).to(weight.dtype)
    return torch.equal(module.forward(x), _normed(module, x))


def _normed(module: Any, x: Tensor) -> Tensor:
    out: Tensor = _Norm.apply(x, module.weight, module.variance_epsilon)
    return out


class _Norm(Function):
    """w x / sqrt(mean(x^2) + eps), the mean in float32, over the last dimension."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, eps: float) -> Tensor:
        states = x.float()
        factor = states.pow(2).mean(-1, keepdim=True).add_(eps).rsqrt_()
        ctx.save_for_backward(x, weight, factor)
        return weight * (states * factor).to(x.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        x, weight, factor = ctx.saved_tensors
        states = x.float() * factor
        outer = (gradients[0] * weight).float()
        along = (outer * states).mean(-1, keepdim=True)
        return torch.addcmul(outer, states, along, value=-1).mul_(factor).to(x.dtype), None, None
