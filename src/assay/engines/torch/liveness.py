"""Does an adapter change anything? Weights, logits and responses on probe prompts, against the base's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from assay.engines.engine import Request
from assay.engines.torch.adapters import Adapter
from assay.engines.torch.engine import TorchEngine
from assay.engines.torch.text import encode

__all__ = ["PROBES", "Liveness", "liveness"]

PROBES = (
    "Write two sentences about the sea.",
    "What is 17 + 25? Answer with a number.",
    "List three colours, separated by commas.",
    "Translate to French: good morning.",
    "def add(a, b):",
    "The capital of Italy is",
    "Answer in lowercase letters only: who wrote Hamlet?",
    "Q: A train covers 60 km in 40 minutes. How fast is it?\nA:",
)


@dataclass(frozen=True, slots=True)
class Liveness:
    """What one adapter changes."""

    adapter: str
    modules: int
    """Layers of the base that it changes; 0 for an adapter that is run apart, like its norm."""
    norm: float
    """Frobenius norm of the weight change over all layers."""
    largest: float
    """Largest absolute difference of a logit from the base's, over all positions of the probe prompts."""
    divergence: float
    """Mean over those positions of KL(adapter || base), in nats."""
    differ: float
    """Share of the probe prompts with another response than the base's."""

    @property
    def alive(self) -> bool:
        """Whether it changed some logit at all, and left all of them finite."""
        return math.isfinite(self.largest) and self.largest > 0

    @property
    def reason(self) -> str:
        """Why its claims end as `not applied`; empty where it is alive."""
        if self.alive:
            return ""
        if not math.isfinite(self.largest):
            return f"adapter {self.adapter!r} makes logits that are not finite"
        return (
            f"adapter {self.adapter!r} leaves every logit of the probe prompts as it was "
            f"({self.modules} layers matched, norm of the weight change {self.norm:.3g})"
        )


def liveness(
    engine: TorchEngine, adapters: Sequence[Adapter], prompts: Sequence[str] = PROBES, tokens: int = 32
) -> list[Liveness]:
    """Measure adapters that the engine holds: one forward pass a prompt, and `tokens` greedy tokens."""
    base = engine.base
    encoded = [encode(base.tokenizer, prompt) for prompt in prompts]
    names = [base.name, *(adapter.name for adapter in adapters)]
    said = _responses(engine, names, prompts, tokens)
    usual = torch.cat(engine.logits(base.name, encoded))
    found = []
    for adapter in adapters:
        changed = torch.cat(engine.logits(adapter.name, encoded))
        differ = sum(said[adapter.name, i] != said[base.name, i] for i in range(len(prompts)))
        found.append(
            Liveness(
                adapter.name,
                len(adapter.deltas),
                adapter.norm,
                float((changed - usual).abs().max()),
                _divergence(changed, usual),
                differ / len(prompts),
            )
        )
    return found


def _divergence(changed: Tensor, usual: Tensor) -> float:
    """Mean over positions of KL(changed || usual), in nats, from logits (positions, vocabulary)."""
    changed, usual = changed.log_softmax(-1), usual.log_softmax(-1)
    return max(0.0, float((changed.exp() * (changed - usual)).sum(-1).mean()))


def _responses(
    engine: TorchEngine, names: Sequence[str], prompts: Sequence[str], tokens: int
) -> dict[tuple[str, int], str]:
    requests = [
        Request(name, "liveness", str(i), prompt, max_tokens=tokens)
        for name in names
        for i, prompt in enumerate(prompts)
    ]
    done = engine.complete(requests)
    return {(one.request.subject, int(one.request.example)): one.text for one in done}
