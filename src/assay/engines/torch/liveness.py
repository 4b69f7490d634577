"""Does an adapter change anything? Weights, logits and responses on probe prompts, against the base's.

The probe prompts are plain text, never put through a chat template, so that figures compare between adapters
that bring templates and those that do not. Prompts as they are sent may join them: trained tokens, say, may
stand in a template only.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from assay.engines.api import NO_PROMPTS, Liveness, Prompt
from assay.engines.encoding import encode
from assay.engines.probes import PROBES
from assay.engines.torch.adapter_load import Adapter
from assay.engines.torch.engine import TorchEngine

__all__ = ["Change", "change_of", "liveness", "measured"]

POSITIONS = 64
"""Last positions of a prompt whose logits are compared: a long prompt's would fill the memory."""


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
    engine: TorchEngine,
    changes: Mapping[str, Change],
    prompts: Sequence[str] = PROBES,
    tokens: int = 32,
    sent: Mapping[str, Sequence[str]] = NO_PROMPTS,
) -> list[Liveness]:
    """The same for adapters whose weights were read off before; `sent` are more prompts, by adapter.

    The divergence is over the common prompts; the largest change and the responses are over all.
    """
    base = engine.base
    asked = {name: [*prompts, *sent.get(name, ())] for name in changes}
    asked[base.name] = list(dict.fromkeys(prompt for listed in asked.values() for prompt in listed))
    said = _responses(engine, asked, tokens)
    usual = _logits(engine, base.name, asked[base.name])
    found = []
    for name, change in changes.items():
        changed = _logits(engine, name, asked[name])
        largest = max(float((logits - usual[prompt]).abs().max()) for prompt, logits in changed.items())
        differ = sum(said[name, prompt] != said[base.name, prompt] for prompt in changed) / len(changed)
        common = [torch.cat([side[prompt] for prompt in prompts]) for side in (changed, usual)]
        # Of the base too: what is against no number is no change, and max() may pass over one.
        sound = _finite(usual[prompt] for prompt in changed)
        finite = sound and _finite(changed.values())
        found.append(
            Liveness(
                name,
                change.modules,
                change.norm,
                largest if finite else math.nan,
                _divergence(*common),
                differ,
                sound=sound,
            )
        )
    return found


def _logits(engine: TorchEngine, subject: str, prompts: Sequence[str]) -> dict[str, Tensor]:
    """Of the last positions of each prompt: (positions, vocabulary)."""
    encoded = [encode(engine.base.tokenizer, prompt) for prompt in prompts]
    return dict(zip(prompts, engine.logits(subject, encoded, POSITIONS), strict=True))


def _finite(logits: Iterable[Tensor]) -> bool:
    return all(bool(one.isfinite().all()) for one in logits)


def _divergence(changed: Tensor, usual: Tensor) -> float:
    """Mean over positions of KL(changed || usual), in nats, from logits (positions, vocabulary)."""
    changed, usual = changed.log_softmax(-1), usual.log_softmax(-1)
    return max(0.0, float((changed.exp() * (changed - usual)).sum(-1).mean()))


def _responses(
    engine: TorchEngine, asked: Mapping[str, Sequence[str]], tokens: int
) -> dict[tuple[str, str], str]:
    requests = [
        Prompt(name, "liveness", str(i), prompt, max_tokens=tokens)
        for name, prompts in asked.items()
        for i, prompt in enumerate(prompts)
    ]
    return {(one.prompt.subject, one.prompt.text): one.text for one in engine.complete(requests)}
