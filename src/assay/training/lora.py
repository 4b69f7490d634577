"""Products of a frozen linear layer and its LoRA matrices, and the cross entropy of learnt tokens.

Both are autograd functions that keep little: PEFT's own layers convert every input to the dtype of the
LoRA matrices, and a loss over whole logits holds several copies of them in float32. It knows no model.
"""

from __future__ import annotations

from types import MethodType
from typing import Any

import torch
from peft.tuners.lora import Linear
from torch import Tensor, nn
from torch.autograd import Function
from torch.nn.functional import linear

__all__ = ["cross_entropy", "join"]

BLOCK = 2**22
"""Logits in float32 that are held at a time."""


def join(model: nn.Module) -> None:
    """Let every LoRA layer of `model` over a plain linear layer compute both products in one function."""
    for module in model.modules():
        if type(module) is Linear and type(module.base_layer) is nn.Linear and not module.lora_variant:
            module.forward = MethodType(_joined, module)  # type: ignore[method-assign]


def _joined(layer: Any, x: Tensor) -> Tensor:
    """What the layer's own `forward` computes, in the dtype of `x`."""
    (name,) = layer.active_adapters
    down, up = layer.lora_A[name].weight, layer.lora_B[name].weight
    dropout = layer.lora_dropout[name]
    dropped = None if isinstance(dropout, nn.Identity) else dropout(x)
    base = layer.base_layer
    out: Tensor = _Lora.apply(x, dropped, base.weight, base.bias, down, up, layer.scaling[name])
    return out


class _Lora(Function):
    """x W' + b + s (x A') B', with frozen W and b; `dropped`: what goes through A in the place of x."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, dropped: Tensor | None, weight: Tensor, bias: Tensor | None,
        down: Tensor, up: Tensor, scale: float,
    ) -> Tensor:  # fmt: skip
        flat = (x if dropped is None else dropped).flatten(0, -2)
        down, up = down.to(x.dtype), up.to(x.dtype)
        middle = linear(flat, down).mul_(scale)
        out = linear(x, weight, bias)
        out.view(-1, out.shape[-1]).addmm_(middle, up.T)
        ctx.save_for_backward(flat, weight, down, up, middle)
        ctx.scale, ctx.dropped = scale, dropped is not None
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        flat, weight, down, up, middle = ctx.saved_tensors
        (gradient,) = gradients
        outer = gradient.flatten(0, -2)
        inner = (outer @ up).mul_(ctx.scale)
        of_up = (outer.T @ middle).float()
        of_down = (inner.T @ flat).float()
        x = outer @ weight if ctx.needs_input_grad[0] else None
        dropped = inner @ down if ctx.needs_input_grad[1] else None
        if x is not None and not ctx.dropped:
            x.addmm_(inner, down)
        shape = (*gradient.shape[:-1], flat.shape[-1])
        x, dropped = (None if part is None else part.view(shape) for part in (x, dropped))
        return x, dropped, None, None, of_down, of_up, None


def cross_entropy(hidden: Tensor, head: nn.Linear, targets: Tensor) -> Tensor:
    """The sum over the rows of hidden (K, size) of the cross entropy of the head's logits, in float32.

    The head is frozen. The gradient is computed in the forward pass, so that no more than a block of
    logits exists at any time.
    """
    loss: Tensor = _CrossEntropy.apply(hidden, head.weight, head.bias, targets)
    return loss


class _CrossEntropy(Function):
    """See `cross_entropy`."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, bias: Tensor | None, targets: Tensor) -> Tensor:
        loss = torch.zeros((), device=hidden.device)
        gradient = torch.empty_like(hidden)
        rows = max(1, BLOCK // len(weight))
        for start in range(0, len(hidden), rows):
            block = slice(start, start + rows)
            index = targets[block, None]
            shares = linear(
                hidden[block], weight, bias
            ).float()  # times their total, as long as they are that
            shares.sub_(shares.amax(-1, keepdim=True))
            own = shares.gather(1, index)
            total = shares.exp_().sum(-1, keepdim=True)
            loss += (total.log() - own).sum()
            shares.scatter_add_(1, index, -total)
            gradient[block] = (shares.to(hidden.dtype) @ weight).div_(total)
        ctx.save_for_backward(gradient)
        return loss

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        (gradient,) = ctx.saved_tensors
        return gradient * gradients[0], None, None, None
