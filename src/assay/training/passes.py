"""The loss of a part by one pass through the base, in the cheapest way that gives what the base itself gives.

    passes = Passes(model)              # tries packed examples, and the head by itself, on a few tokens
    for part in passes.parts(batch, most=8):
        passes.loss(part).backward()

Examples are packed end to end where none of them changes another; else each goes through alone. Logits
are made block by block where they are the output layer's own product; else by the model, at once.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy as whole_cross_entropy
from transformers import PreTrainedModel

from assay.errors import EngineError
from assay.training.attention import NAME, packed
from assay.training.base import plain_attention
from assay.training.batches import Example, Part, parts
from assay.training.lora import cross_entropy

__all__ = ["Passes"]

TOKENS = 1024
"""Of a part on a CPU: what its layers hand on stays in the caches."""
TRIED = (12, 12, 12, 7)
"""Tokens of the examples on which packing is tried."""
SAME = 1e-6
"""Largest relative difference that another example in the same place may make."""
NEAR = {torch.float32: 1e-4, torch.bfloat16: 5e-2}
"""Largest relative difference from the base's own pass over an example alone."""


class Passes:
    """How one base, with or without an adapter, is trained."""

    def __init__(self, model: PreTrainedModel) -> None:
        self._model = model
        self.packs = self._may_pack()
        """Whether a part holds several examples."""
        self.blocks = self._own_product()
        """Whether logits are made block by block."""

    def parts(self, batch: Sequence[Example], most: int) -> Iterator[Part]:
        """A batch in parts of at most `most` examples."""
        device = self._model.device
        tokens = TOKENS if device.type == "cpu" else None
        for part in parts(batch, most if self.packs else 1, tokens):
            yield part.to(device)

    def loss(self, part: Part) -> Tensor:
        """The sum of the cross entropies of all tokens that are learnt, in float32."""
        head: Any = self._model.get_output_embeddings()
        # A head that is trained itself is called as a layer, with its adapter.
        if self.blocks and type(head) is nn.Linear:
            return cross_entropy(self._states(part)[part.before], head, part.learnt)
        return whole_cross_entropy(self._logits(part).float(), part.learnt, reduction="sum")

    def _states(self, part: Part) -> Tensor:
        """(T, size): what the output layer gets."""
        decoder: Any = self._model.get_decoder()
        with packed(part.blocks):
            out = decoder(input_ids=part.tokens, position_ids=part.positions, use_cache=False)
        states: Tensor = out.last_hidden_state[0]
        return states

    def _logits(self, part: Part) -> Tensor:
        """(K, vocabulary): by the model itself."""
        keeps = "logits_to_keep" in inspect.signature(self._model.forward).parameters
        options = {"logits_to_keep": part.before} if keeps else {}
        with packed(part.blocks):
            out: Any = self._model(
                input_ids=part.tokens, position_ids=part.positions, use_cache=False, **options
            )
        logits: Tensor = out.logits[0]
        return logits if keeps else logits[part.before]

    @torch.no_grad()
    def _may_pack(self) -> bool:
        """Whether packed examples come out as alone. Leaves the model with the attention to train by."""
        self._model.eval()
        first, other, twin, last = (self._example(*sizes) for sizes in enumerate(TRIED))
        plain = plain_attention(self._model)
        self._model.set_attn_implementation(plain)
        alone = torch.cat([self._logits(Part.of([example])) for example in (twin, last)])
        try:
            self._model.set_attn_implementation(NAME)
            ours, others = (self._logits(Part.of([before, twin, last])) for before in (first, other))
        except EngineError:
            ours = others = torch.full_like(alone, torch.nan)
        changed = _difference(ours[-len(alone) :], others[-len(alone) :])
        packs = changed <= SAME and _difference(ours[-len(alone) :], alone) <= NEAR[self._model.dtype]
        self._model.set_attn_implementation(NAME if packs else plain)
        return packs

    @torch.no_grad()
    def _own_product(self) -> bool:
        """Whether logits are the output layer's product, with no cap or factor after it, bit by bit."""
        part = Part.of([self._example(0, TRIED[0])])
        head: Any = self._model.get_output_embeddings()
        try:
            states = self._states(part)[None, part.before]
        except AttributeError:
            return False
        return type(head) is nn.Linear and torch.equal(head(states)[0], self._logits(part))

    def _example(self, number: int, length: int) -> Example:
        """Some tokens, others for each number."""
        embedding: Any = self._model.get_input_embeddings()
        words = len(embedding.weight)
        return Example([(7919 * (number * length + place) + 13) % words for place in range(length)], 1)


def _difference(ours: Tensor, theirs: Tensor) -> float:
    """In units of the size of `theirs`."""
    return float((ours.float() - theirs.float()).norm() / theirs.float().norm())
