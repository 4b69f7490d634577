"""Checks before generation that a model gives the same logits under our attention as under transformers' own.

A model with attention that the engine does not implement (sinks, biases, other masks) is refused, whatever its name.
"""

from __future__ import annotations

import torch
from torch import Tensor

from assay.engines.torch.attention import NAME
from assay.engines.torch.loading import Base
from assay.engines.torch.runner import Runner
from assay.engines.torch.step import KVCache, Segment
from assay.errors import EngineError

__all__ = ["difference", "probe", "tolerance"]

LENGTHS = (11, 5)


def probe(base: Base) -> int:
    """Bytes of keys and values for each token. Raises EngineError if packed and plain logits differ."""
    sequences = _sequences(base)
    try:
        ours, widths = _ours(base, sequences)
        theirs = _theirs(base, sequences)
    except EngineError:
        raise
    except Exception as bad:
        raise EngineError(
            f"base {base.name!r}: {type(base.model).__name__} does not run under this engine's packed "
            f"attention ({type(bad).__name__}: {bad}); use another engine for it"
        ) from bad
    error, limit = difference(ours, theirs), tolerance(base)
    if not error <= limit:
        raise EngineError(
            f"base {base.name!r}: {type(base.model).__name__} differs under this engine's attention from "
            f"transformers' own by {error:.2g} standard deviations of its logits (at most {limit:g}); "
            f"use another engine for it"
        )
    return widths


def difference(ours: Tensor, theirs: Tensor) -> float:
    """Root mean square of the difference of two sets of logits, in standard deviations of the second."""
    ours, theirs = ours.float(), theirs.float()
    return float((ours - theirs).pow(2).mean().sqrt()) / float(theirs.std().clamp(min=1e-6))


def tolerance(base: Base) -> float:
    """The largest difference that rounding can explain."""
    exact = base.model.dtype == torch.float32 and not getattr(base.model, "is_quantized", False)
    return 1e-3 if exact else 0.1


def _sequences(base: Base) -> list[list[int]]:
    size = base.model.config.get_text_config().vocab_size
    return [[(7919 * (place + 13 * row) + 11) % size for place in range(n)] for row, n in enumerate(LENGTHS)]


def _ours(base: Base, sequences: list[list[int]]) -> tuple[Tensor, int]:
    """Prompts first, then one decoding step with the last token, beside a scored sequence."""
    runner = Runner(base)
    cache = KVCache(len(sequences), max(LENGTHS))
    prompts = [Segment(tokens[:-1], -1, slot=i, keep=len(tokens) - 1) for i, tokens in enumerate(sequences)]
    first = runner.run([*prompts, Segment(sequences[0], -1, keep=1)], cache)
    rows = [Segment(s[-1:], -1, start=len(s) - 1, slot=i) for i, s in enumerate(sequences)]
    last = runner.run(rows, cache)
    blocks = (*cache.keys.values(), *cache.values.values())
    bytes_per_token = sum(b[0, :, 0].numel() * b.element_size() for b in blocks)
    return torch.cat([first, last]).float(), bytes_per_token


@torch.inference_mode()
def _theirs(base: Base, sequences: list[list[int]]) -> Tensor:
    """The same logits, one plain sequence at a time under eager attention."""
    base.model.set_attn_implementation("eager")
    try:
        plain = [
            base.model(input_ids=torch.tensor([tokens], device=base.device), use_cache=False).logits[0]
            for tokens in sequences
        ]
    finally:
        base.model.set_attn_implementation(NAME)
    prompts = [logits[:-1] for logits in plain]
    return torch.cat([*prompts, plain[0][-1:], *(logits[-1:] for logits in plain)]).float()
