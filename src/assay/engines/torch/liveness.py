"""Liveness of an adapter: weights, logits and responses on probe prompts, compared with the base's. It knows no task.

The probe prompts are plain text without a chat template, so that figures of adapters with and without templates are
comparable. Prompts as sent may be added, since trained tokens, for example, may occur only in a template.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor

from assay.engines.api import NO_PROMPTS, Liveness, Prompt
from assay.engines.encoding import encode
from assay.engines.probes import PROBES, logits_verdict
from assay.engines.torch.adapter_load import Adapter
from assay.engines.torch.engine import TorchEngine

__all__ = ["Change", "change_of", "liveness"]

POSITIONS = 64
"""Last positions of a prompt whose logits are compared: a long prompt's would fill the memory."""


Change = tuple[int | None, float | None]
"""Layers of the base that an adapter changes, and the norm of that; None for one that peft applies."""


def change_of(adapter: Adapter) -> Change:
    """Read it off the weights."""
    return (None, None) if adapter.unstackable else (len(adapter.deltas), adapter.norm)


def liveness(
    engine: TorchEngine,
    changes: Mapping[str, Change],
    prompts: Sequence[str] = PROBES,
    tokens: int = 32,
    sent: Mapping[str, Sequence[str]] = NO_PROMPTS,
) -> list[Liveness]:
    """Measure adapters that the engine holds: one forward pass a prompt, and `tokens` greedy tokens.

    `sent` are more prompts, by adapter. The divergence is over the common prompts; the largest change and the
    responses are over all.
    """
    base = engine.base
    probes = {name: [*prompts, *sent.get(name, ())] for name in changes}
    probes[base.name] = list(dict.fromkeys(prompt for listed in probes.values() for prompt in listed))
    texts = _responses(engine, probes, tokens)
    plain = _logits(engine, base.name, probes[base.name])
    measured = []
    for name, (modules, norm) in changes.items():
        changed = _logits(engine, name, probes[name])
        # Of the base too: what is against no number is no change, and max() may pass over one.
        base_finite = _finite(plain[prompt] for prompt in changed)
        largest = max(float((logits - plain[prompt]).abs().max()) for prompt, logits in changed.items())
        largest = largest if base_finite and _finite(changed.values()) else math.nan
        differ = sum(texts[name, prompt] != texts[base.name, prompt] for prompt in changed) / len(changed)
        divergence = _divergence(
            *(torch.cat([side[prompt] for prompt in prompts]) for side in (changed, plain))
        )
        ending = logits_verdict(modules, norm, largest, differ, base_finite=base_finite)
        measured.append(Liveness(name, modules, norm, largest, divergence, differ, *ending))
    return measured


def _logits(engine: TorchEngine, subject: str, prompts: Sequence[str]) -> dict[str, Tensor]:
    """Of the last positions of each prompt: (positions, vocabulary)."""
    encoded = [encode(engine.base.tokenizer, prompt) for prompt in prompts]
    return dict(zip(prompts, engine.logits(subject, encoded, POSITIONS), strict=True))


def _finite(logits: Iterable[Tensor]) -> bool:
    return all(bool(values.isfinite().all()) for values in logits)


def _divergence(changed: Tensor, plain: Tensor) -> float:
    """Mean over positions of KL(changed || plain), in nats, from logits (positions, vocabulary)."""
    changed, plain = changed.log_softmax(-1), plain.log_softmax(-1)
    return max(0.0, float((changed.exp() * (changed - plain)).sum(-1).mean()))


def _responses(
    engine: TorchEngine, probes: Mapping[str, Sequence[str]], tokens: int
) -> dict[tuple[str, str], str]:
    prompts = [
        Prompt(name, "liveness", str(i), text, max_tokens=tokens)
        for name, texts in probes.items()
        for i, text in enumerate(texts)
    ]
    return {(done.prompt.subject, done.prompt.text): done.text for done in engine.complete(prompts)}
