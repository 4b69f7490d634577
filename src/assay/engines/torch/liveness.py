"""Does an adapter change anything? Weights, logits and responses on probe prompts, against the base's.

The probe prompts are plain text, never put through a chat template: an adapter that changes anything
changes something there, and the figures compare between adapters that bring templates and those that do not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from assay.engines.engine import Request
from assay.engines.torch.adapters import Adapter
from assay.engines.torch.engine import TorchEngine
from assay.engines.torch.text import encode
from assay.engines.weights import Liveness

__all__ = ["PROBES", "Change", "change_of", "liveness", "measured"]

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
class Change:
    """What an adapter's weights say, before it is asked anything."""

    modules: int | None
    """Layers of the base that it changes; None for an adapter that is run apart."""
    norm: float | None
    """Frobenius norm of the change over all layers; None likewise."""


def change_of(adapter: Adapter) -> Change:
    """Read it off the weights."""
    return Change(None, None) if adapter.unstackable else Change(len(adapter.deltas), adapter.norm)


def liveness(
    engine: TorchEngine, adapters: Sequence[Adapter], prompts: Sequence[str] = PROBES, tokens: int = 32
) -> list[Liveness]:
    """Measure adapters that the engine holds: one forward pass a prompt, and `tokens` greedy tokens."""
    return measured(engine, {one.name: change_of(one) for one in adapters}, prompts, tokens)


def measured(
    engine: TorchEngine, changes: Mapping[str, Change], prompts: Sequence[str] = PROBES, tokens: int = 32
) -> list[Liveness]:
    """The same for adapters whose weights were read off before."""
    base = engine.base
    encoded = [encode(base.tokenizer, prompt) for prompt in prompts]
    said = _responses(engine, [base.name, *changes], prompts, tokens)
    usual = torch.cat(engine.logits(base.name, encoded))
    found = []
    for name, change in changes.items():
        changed = torch.cat(engine.logits(name, encoded))
        differ = sum(said[name, i] != said[base.name, i] for i in range(len(prompts)))
        largest = float((changed - usual).abs().max())
        divergence = _divergence(changed, usual)
        found.append(Liveness(name, change.modules, change.norm, largest, divergence, differ / len(prompts)))
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
