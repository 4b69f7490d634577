"""Does an adapter change anything, where only what is said can be seen? Texts and log-probabilities of probe prompts.

The base is asked several times: what an adapter changes must exceed what the base differs from itself, and
what another path through the same arithmetic may round. It knows no engine.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, takewhile
from typing import Literal

from assay.engines.api import Liveness
from assay.stats import Verdict

__all__ = ["PROBES", "ROUNDS", "TOKENS", "AnswerLiveness", "ProbeAnswer", "answer_liveness"]

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
class AnswerLiveness(Liveness):
    """What one adapter changes, as far as answers tell: `largest` is of log-probabilities, not logits."""

    doubt: Literal["", "not applied", "not measured"] = ""
    """What its claims end as; empty where it is alive."""
    why: str = ""
    """The reason, then."""
    again: bool = True
    """To be looked at anew at every start: what a server applies is not decided by files."""

    @property
    def alive(self) -> bool:
        """Whether it was seen to change something."""
        return not self.doubt

    @property
    def verdict(self) -> Verdict | None:
        """What its claims end as without a response; None where it is alive."""
        return Verdict(self.doubt) if self.doubt else None

    @property
    def reason(self) -> str:
        """Why they do; empty where it is alive."""
        return self.why


@dataclass(frozen=True, slots=True)
class Gap:
    """How far two subjects' answers to the same prompts are apart."""

    spread: float
    """Root mean square difference of log-probabilities, while the tokens are the same."""
    largest: float
    """Largest of them; NaN where one is not finite."""
    positions: int
    differ: frozenset[str]
    """Prompts that they answer otherwise."""


def answer_liveness(
    adapter: str, base: Sequence[Mapping[str, ProbeAnswer]], changed: Mapping[str, ProbeAnswer]
) -> AnswerLiveness:
    """What an adapter changes. `base`: its answers of every round, `changed`: the adapter's, by prompt.

    An adapter that is within what the base differs from itself, or within float32's rounding, is `not applied`; one
    beyond that, and within twice of it or of bfloat16's rounding, is left open, as `not measured`.
    """
    asked = [{prompt: said[prompt] for prompt in changed} for said in base]
    noise = [_gap(one, other) for one, other in combinations(asked, 2)]
    gaps = [_gap(one, changed) for one in asked]
    unsteady = frozenset[str]().union(*(gap.differ for gap in noise))
    differ = frozenset.intersection(*(gap.differ for gap in gaps)) - unsteady
    floor = max((gap.spread for gap in noise), default=0.0)
    spread = min(gap.spread for gap in gaps)
    largest = max(gap.largest for gap in gaps)
    seen = any(gap.positions for gap in gaps)
    doubt, why = _doubt(spread, floor, len(differ), len(unsteady), seen=seen)
    if not all(math.isfinite(gap.largest) for gap in gaps):
        largest = math.nan
        doubt, why = "not measured", "with it, log-probabilities of the probe prompts are not finite"
    share = len(gaps[0].differ) / len(changed)
    if doubt == "not applied":
        largest, share = 0.0, 0.0
    return AnswerLiveness(adapter, None, None, largest, math.nan, share, doubt, why)


def _doubt(
    spread: float, floor: float, differ: int, unsteady: int, *, seen: bool
) -> tuple[Literal["", "not applied", "not measured"], str]:
    if not seen:
        if differ:
            return "", ""
        return (
            "not applied",
            "with it, the probe prompts are answered as the base answers them, text for text",
        )
    bound = 2 * max(floor, ROUNDING)
    if spread > bound or differ > 1 + unsteady:
        return "", ""
    figures = f"by {spread:.2g} nats, the base from itself by {floor:.2g}"
    if spread <= max(floor, SAME) and differ <= unsteady:
        return "not applied", f"with it, log-probabilities of the probe prompts are the base's ({figures})"
    return "not measured", (
        f"with it, log-probabilities of the probe prompts differ so little from the base's ({figures}) that rounding "
        f"alone could do it: whether it is applied cannot be told; serve in float32, or use the engine `torch`"
    )


def _gap(one: Mapping[str, ProbeAnswer], other: Mapping[str, ProbeAnswer]) -> Gap:
    deltas: list[float] = []
    for prompt, said in one.items():
        answer = other[prompt]
        same = takewhile(lambda pair: pair[0] == pair[1], zip(said.tokens, answer.tokens, strict=False))
        count = sum(1 for _ in same)
        pairs = zip(said.logprobs[:count], answer.logprobs[:count], strict=False)
        deltas += [abs(left - right) for left, right in pairs]
    finite = all(map(math.isfinite, deltas))
    spread = math.sqrt(sum(delta**2 for delta in deltas) / len(deltas)) if deltas else 0.0
    differ = frozenset(prompt for prompt, said in one.items() if said.text != other[prompt].text)
    return Gap(spread, max(deltas, default=0.0) if finite else math.nan, len(deltas), differ)
