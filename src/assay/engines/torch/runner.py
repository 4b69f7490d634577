"""One forward pass of the model over a step's segments. It knows no text."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from assay.engines.torch.kernel import Kernel
from assay.engines.torch.loading import Base
from assay.engines.torch.lora import Routing
from assay.engines.torch.step import KVCache, Segment, Step, running

__all__ = ["Runner"]


class Runner:
    """The model, its adapters and where its tokens go."""

    def __init__(self, base: Base, routing: Routing | None = None, kernel: Kernel | None = None) -> None:
        self.base = base
        self.kernel = kernel
        self.routing = routing
        self._takes_keep = base.takes_keep

    @torch.inference_mode()
    def run(self, segments: Sequence[Segment], cache: KVCache | None) -> Tensor:
        """Logits (K, vocabulary) of the tokens to keep, in the segments' order."""
        return self.forward(Step.of(segments, cache, self.base.device))

    @torch.inference_mode()
    def forward(self, step: Step) -> Tensor:
        """The same for a step that is laid out."""
        cache = KVCache(0, 0) if step.cache is None else step.cache
        step.kernel = self.kernel
        if self.routing is not None:
            self.routing.take(step)
        keep = {"logits_to_keep": step.keep} if self._takes_keep else {}
        with running(step):
            out = self.base.model(
                input_ids=step.ids[None],
                position_ids=step.positions[None],
                past_key_values=cache,
                use_cache=True,
                **keep,
            )
        logits: Tensor = out.logits[0]
        return logits if keep else logits[step.keep]
