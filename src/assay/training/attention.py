"""Causal attention within each example of a part, through transformers' AttentionInterface. It needs torch.

Examples of one length are one block. In bfloat16 on a CPU `_Causal` takes less than half the time of torch's own
kernel, which computes all weights again for the gradient; they are kept here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.nn.functional import dropout as dropped
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface

from assay.errors import EngineError

__all__ = ["NAME", "attend", "packed"]

NAME = "assay-training"
UNKNOWN = ("s_aux", "position_bias", "head_mask", "attention_bias")
QUERIES, SCORES = 128, 2**19
"""Queries of an example, and scores, that `_Causal` takes at a time: what it works on stays in the caches."""
Blocks = tuple[tuple[int, int], ...]
_blocks: ContextVar[Blocks] = ContextVar("blocks")


@contextmanager
def packed(blocks: Blocks) -> Iterator[None]:
    """Let attention see (examples, tokens of each) in what goes through the model."""
    token = _blocks.set(blocks)
    try:
        yield
    finally:
        _blocks.reset(token)


def attend(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """Attention of one layer: query (1, H, T, D), key (1, K, T, D), value (1, K, T, V) -> (1, T, H, V)."""
    unknown = any(kwargs.get(name) is not None for name in UNKNOWN) or _is_masked_elsewhere(module, kwargs)
    if attention_mask is not None or unknown:
        raise EngineError(f"{type(module).__name__} uses a form of attention that packed examples lack")
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    blocks = _blocks.get()
    states = (part[0].split([count * length for count, length in blocks], 1) for part in (query, key, value))
    mixed = []
    for shape, *block in zip(blocks, *states, strict=True):
        q, k, v = (part.unflatten(1, shape).transpose(0, 1) for part in block)
        mixed.append(_mixed(q, k, v, scale, kwargs).transpose(1, 2).flatten(0, 1))
    return torch.cat(mixed).unsqueeze(0), None


def _is_masked_elsewhere(module: nn.Module, options: dict[str, Any]) -> bool:
    """Whether keys are left out by a mask that transformers makes, and makes for its own attention only."""
    config = getattr(module, "config", None)
    windowed = bool(getattr(config, "sliding_window", None)) and "sliding_window" not in options
    return windowed or bool(getattr(config, "attention_chunk_size", None))


def _mixed(q: Tensor, k: Tensor, v: Tensor, scale: float, options: dict[str, Any]) -> Tensor:
    """Examples of one length: (n, H, L, D), (n, K, L, D), (n, K, L, V) -> (n, H, L, V)."""
    length, drop = q.shape[2], options.get("dropout") or 0.0
    window, cap = options.get("sliding_window") or length, options.get("softcap")
    if cap is None and not drop and q.dtype == torch.bfloat16 and q.device.type == "cpu":
        mixed: Tensor = _Causal.apply(q, k, v, scale, window)
        return mixed
    unseen = None if window >= length and cap is None else _unseen(0, length, window, q.device)
    if cap is None:
        seen = None if unseen is None else ~unseen
        return scaled_dot_product_attention(
            *(q, k, v), attn_mask=seen, dropout_p=drop, is_causal=seen is None, scale=scale, enable_gqa=True
        )
    k, v = (part.repeat_interleave(q.shape[1] // part.shape[1], 1) for part in (k, v))
    scores = cap * torch.tanh((q @ k.transpose(2, 3)).float() * scale / cap)
    return dropped(scores.masked_fill(unseen, float("-inf")).softmax(-1).to(v.dtype), drop) @ v


def _unseen(start: int, end: int, window: int, device: torch.device) -> Tensor:
    """(queries from start to end, keys up to end): keys after the query, or before its window."""
    behind = torch.arange(start, end, device=device)[:, None] - torch.arange(end, device=device)
    return (behind < 0) | (behind >= window)


class _Causal(Function):
    """Attention as in `_mixed`, a few examples and queries at a time; queries that share a key are one product."""

    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor, scale: float, window: int) -> Tensor:
        out = q.new_empty(*q.shape[:3], v.shape[-1])
        kept = []
        for part, seen, unseen in _pieces(q, window):
            keys, values = (states[seen].flatten(0, 1) for states in (k, v))
            kept.append(_weights(_shared(q[part], k), keys, unseen, scale))
            out[part] = torch.bmm(kept[-1], values).view(out[part].shape)
        ctx.save_for_backward(q, k, v, *kept)
        ctx.form = scale, window
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        q, k, v, *kept = ctx.saved_tensors
        scale, window = ctx.form
        of_q, of_k, of_v = torch.empty_like(q), torch.zeros_like(k), torch.zeros_like(v)
        for weights, (part, seen, _) in zip(kept, _pieces(q, window), strict=True):
            queries, outer = (_shared(states[part], k) for states in (q, gradients[0]))
            keys, values = (states[seen].flatten(0, 1) for states in (k, v))
            of_v[seen] += torch.bmm(weights.transpose(1, 2), outer).view(of_v[seen].shape)
            of_weights = torch.bmm(outer, values.transpose(1, 2))
            scores = torch._softmax_backward_data(of_weights, weights, -1, weights.dtype).mul_(scale)
            of_q[part] = torch.bmm(scores, keys).view(of_q[part].shape)
            of_k[seen] += torch.bmm(scores.transpose(1, 2), queries).view(of_k[seen].shape)
        return of_q, of_k, of_v, None, None


def _pieces(q: Tensor, window: int) -> Iterator[tuple[Any, Any, Tensor]]:
    """Index of some queries, index of the keys that they may see, and which of these each does not."""
    examples, heads, length, _ = q.shape
    step = max(1, SCORES // (heads * length * min(length, QUERIES)))
    for start in range(0, length, QUERIES):
        end = min(length, start + QUERIES)
        unseen = q.new_zeros(end - start, end).masked_fill_(
            _unseen(start, end, window, q.device), float("-inf")
        )
        for first in range(0, examples, step):
            some = slice(first, first + step)
            yield (some, slice(None), slice(start, end)), (some, slice(None), slice(end)), unseen


def _shared(queries: Tensor, k: Tensor) -> Tensor:
    """(n, H, l, D) -> (n K, H / K l, D)."""
    examples, _, _, size = queries.shape
    return queries.reshape(examples * k.shape[1], -1, size)


def _weights(queries: Tensor, keys: Tensor, unseen: Tensor, scale: float) -> Tensor:
    """(N, G l, D), (N, m, D), (l, m) -> (N, G l, m)."""
    scores = torch.bmm(queries, keys.transpose(1, 2))
    shape = scores.shape
    return scores.view(shape[0], -1, *unseen.shape).mul_(scale).add_(unseen).softmax(-1).view(shape)


AttentionInterface.register(NAME, attend)
