"""Whether an adapter changes anything, by logits of probe prompts, or by texts and log-probabilities where logits are not
available.

The base runs several times: an adapter's change must exceed the base's difference from itself, and the rounding of
another path through the same arithmetic. It knows no engine.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, takewhile

from assay.engines.api import Liveness
from assay.stats import Verdict

__all__ = [
    "PROBES",
    "ROUNDS",
    "TOKENS",
    "ProbeAnswer",
    "answer_liveness",
    "base_changed",
    "logits_verdict",
    "twins",
]

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
TOKENS = 32
"""Greedy tokens that each probe prompt is answered with."""
ROUNDS = 3
"""Times that the base answers them: three pairs show how far it differs from itself."""
SAME = 5e-5
"""Root mean square of differences, in nats, that float32 alone causes between one batch and another, with room:
llama.cpp's server in float32 shows 1e-5. What changes less changes nothing that a task could see."""
ROUNDING = 5e-3
"""Root mean square of differences, in nats, that bfloat16 alone may cause between two ways to the same sum."""


@dataclass(frozen=True, slots=True)
class ProbeAnswer:
    """A greedy answer to one probe prompt."""

    text: str
    tokens: tuple[str, ...] = ()
    """Empty where the source tells none."""
    logprobs: tuple[float, ...] = ()
    """Of these tokens, natural logarithms; likewise."""


@dataclass(frozen=True, slots=True)
class Gap:
    """How far two subjects' answers to the same prompts differ."""

    spread: float
    """Root mean square difference of log-probabilities, while the tokens are the same."""
    largest: float
    """Largest of them; NaN where one is not finite."""
    positions: int
    differ: frozenset[str]
    """Prompts that they answer differently."""


def logits_verdict(
    modules: int | None, norm: float | None, largest: float, differ: float, *, base_finite: bool = True
) -> tuple[Verdict | None, str]:
    """What an adapter's claims end as by the logits of the probe prompts, and why; None where it is alive."""
    if not base_finite:
        return Verdict.NOT_MEASURED, (
            "without it, the logits of the probe prompts are not finite: the base's weights are broken, or too large "
            "for its `dtype`"
        )
    if not math.isfinite(largest):
        return Verdict.NOT_MEASURED, (
            "with it, the logits of the probe prompts are not finite: its weights are broken, or too large"
        )
    if largest > 0 or differ > 0:
        return None, ""
    seen = "" if modules is None else f" ({modules} layers matched, norm of the weight change {norm:.3g})"
    return Verdict.NOT_APPLIED, f"it leaves every logit of the probe prompts as it was{seen}"


def answer_liveness(
    adapter: str, base: Sequence[Mapping[str, ProbeAnswer]], changed: Mapping[str, ProbeAnswer]
) -> Liveness:
    """What an adapter changes. `base`: its answers of every round, `changed`: the adapter's, by prompt.

    An adapter that is within what the base differs from itself, or within float32's rounding, is `not applied`; one
    beyond that, and within twice of it or of bfloat16's rounding, is left open, as `not measured`.
    """
    rounds = [{prompt: answers[prompt] for prompt in changed} for answers in base]
    noise = [_gap(first, second) for first, second in combinations(rounds, 2)]
    gaps = [_gap(answers, changed) for answers in rounds]
    unsteady = frozenset[str]().union(*(gap.differ for gap in noise))
    differ = frozenset.intersection(*(gap.differ for gap in gaps)) - unsteady
    floor = max((gap.spread for gap in noise), default=0.0)
    largest = max(gap.largest for gap in gaps)
    share = len(gaps[0].differ) / len(changed)
    if not all(math.isfinite(gap.largest) for gap in gaps):
        largest = math.nan
        verdict: Verdict | None = Verdict.NOT_MEASURED
        reason = "with it, log-probabilities of the probe prompts are not finite"
    elif any(gap.positions for gap in gaps):
        spread = min(gap.spread for gap in gaps)
        verdict, reason = _answers_verdict(spread, floor, len(differ), len(unsteady))
    else:
        verdict = None if differ else Verdict.NOT_APPLIED
        reason = (
            ""
            if differ
            else "with it, the probe prompts are answered as the base answers them, text for text"
        )
    if verdict is Verdict.NOT_APPLIED:
        largest, share = 0.0, 0.0
    return Liveness(adapter, None, None, largest, math.nan, share, verdict, reason, again=True)


def twins(answers: Mapping[str, Mapping[str, ProbeAnswer]]) -> dict[str, str]:
    """Adapters that answer the probe prompts just as another one does, with that one: text for text, nat for nat.

    Only where log-probabilities are given: short texts may well be the same.
    """
    alike: dict[tuple[str, ...], list[str]] = {}
    same: dict[str, str] = {}
    for name, answered in answers.items():
        others = alike.setdefault(tuple(answered[prompt].text for prompt in PROBES), [])
        for other in others:
            gap = _gap({prompt: answered[prompt] for prompt in PROBES}, answers[other])
            if gap.positions and gap.spread <= SAME:
                same[name], same[other] = other, same.get(other, name)
                break
        others.append(name)
    return same


def base_changed(
    before: Sequence[Mapping[str, ProbeAnswer]],
    after: Mapping[str, ProbeAnswer],
    adapters: Sequence[Mapping[str, ProbeAnswer]],
) -> bool:
    """Whether the base answers otherwise after adapters than before them: as one of them does, or all otherwise.

    before: its rounds, two at least; after: its round after the adapters; adapters: the answers of each. What the base
    differs from itself before is its own noise, and no sign of a change.
    """
    noise = [_gap(first, second) for first, second in combinations(before, 2)]
    unsteady = frozenset[str]().union(*(gap.differ for gap in noise))
    moved = frozenset.intersection(*(_gap(answers, after).differ for answers in before)) - unsteady
    if len(moved) == len(after) > 1:
        return True
    floor = max(gap.spread for gap in noise)
    return any(_taken_over(before, after, adapter, moved, floor) for adapter in adapters)


def _taken_over(
    before: Sequence[Mapping[str, ProbeAnswer]],
    after: Mapping[str, ProbeAnswer],
    adapter: Mapping[str, ProbeAnswer],
    moved: frozenset[str],
    floor: float,
) -> bool:
    """Whether what the base says after an adapter is the adapter's: two texts, or log-probabilities beyond rounding."""
    if sum(prompt in moved and after[prompt].text == answer.text for prompt, answer in adapter.items()) > 1:
        return True
    now = _gap(adapter, after)
    away = min(_gap(adapter, answers).spread for answers in before)
    shared = now.positions > 0 and len(now.differ) == 0 and now.spread <= max(floor, SAME)
    return shared and away > 2 * max(floor, ROUNDING)


def _answers_verdict(spread: float, floor: float, differ: int, unsteady: int) -> tuple[Verdict | None, str]:
    if spread > 2 * max(floor, ROUNDING) or differ > 1 + unsteady:
        return None, ""
    figures = f"by {spread:.2g} nats, the base from itself by {floor:.2g}"
    if spread <= max(floor, SAME) and differ <= unsteady:
        return Verdict.NOT_APPLIED, (
            f"with it, log-probabilities of the probe prompts are the base's ({figures})"
        )
    return Verdict.NOT_MEASURED, (
        f"with it, log-probabilities of the probe prompts differ so little from the base's ({figures}) that rounding "
        f"alone could do it: whether it is applied cannot be measured; serve in float32, or use the engine `torch`"
    )


def _gap(first: Mapping[str, ProbeAnswer], second: Mapping[str, ProbeAnswer]) -> Gap:
    deltas: list[float] = []
    for prompt, answer in first.items():
        other = second[prompt]
        same = takewhile(lambda pair: pair[0] == pair[1], zip(answer.tokens, other.tokens, strict=False))
        count = sum(1 for _ in same)
        pairs = zip(answer.logprobs[:count], other.logprobs[:count], strict=False)
        deltas += [abs(left - right) for left, right in pairs]
    finite = all(map(math.isfinite, deltas))
    spread = math.sqrt(sum(delta**2 for delta in deltas) / len(deltas)) if deltas else 0.0
    differ = frozenset(prompt for prompt, answer in first.items() if answer.text != second[prompt].text)
    return Gap(spread, max(deltas, default=0.0) if finite else math.nan, len(deltas), differ)
