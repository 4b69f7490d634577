"""When a run may stop: looks at the evidence, and the rule that a verdict is settled once nothing can change it.

Prompts come in one random order, drawn once for a pool and shared by the base and all adapters. At a look
`judge` reads the evidence as it reads a full run's, at bounds that allow for every look; the run may go on
with other looks than it was begun with. What a stop means: `docs/explanation/early.md`.

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> differences = rng.permutation([1.0] * 20 + [-1.0] * 90 + [0.0] * 290)
    >>> design = Design(pool=400)
    >>> for n in design.looks:
    ...     standing = stand(design.evidence(differences[:n]), "gains", 0.05, 0.05, pool=design.pool)
    ...     if standing.stops:
    ...         break
    >>> standing.n, str(standing.verdict)
    (128, 'harmed')
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from numpy.typing import ArrayLike

from assay.stats.sequential.evidence import BettingGain, Evidence, RepeatedGain, averaged, gain_at
from assay.stats.sequential.futility import chance_of_change
from assay.stats.sequential.spending import HwangShihDeCani, Spending
from assay.stats.verdict import Verdict
from assay.stats.verdicts import ClaimKind, Finding, verdict

__all__ = ["DEFAULT_SPENDING", "Design", "Standing", "settled", "settled_for_gate", "stand"]

DEFAULT_SPENDING = HwangShihDeCani(-4.0)
"""Chosen by `benchmarks/early.py`; figures in `docs/explanation/early.md`."""


@dataclass(frozen=True, slots=True)
class Design:
    """When to look, and how much error each look may use; declared with the claims."""

    pool: int
    """Prompts at which it ends whatever they say: all there are, or a declared budget. Not to be raised later."""
    kind: Literal["group", "betting"] = "group"
    """`group`: looks as declared, the full run's power; `betting`: any look, exact, less power."""
    first: int = 64
    """Prompts before the first look."""
    every: int = 32
    """Prompts between looks."""
    spending: Spending = DEFAULT_SPENDING
    """For `group`: how alpha is spread over the looks."""
    futility: float = 0.05
    """For `group`: stop where the chance that the pool's end brings another verdict is below this; 0: never."""

    def __post_init__(self) -> None:
        """Raise ValueError for an unknown kind, a number of prompts below 1, or no small chance."""
        if self.kind not in ("group", "betting"):
            raise ValueError(f"a design is of kind 'group' or 'betting'; got {self.kind!r}")
        if min(self.pool, self.first, self.every) < 1:
            raise ValueError(f"pool, first and every are one prompt at least; got {self}")
        if not 0 <= self.futility < 0.5:
            raise ValueError(f"futility is a chance from 0 to below 0.5, as 0.05 is; got {self.futility}")

    @property
    def looks(self) -> tuple[int, ...]:
        """Prompts at each look; the last is the pool."""
        return (*range(self.first, self.pool, self.every), self.pool)

    def next_look(self, n: int) -> int | None:
        """Prompts at the first look after n; None once the pool is used up."""
        return next((look for look in self.looks if look > n), None)

    def evidence(
        self,
        differences: ArrayLike,
        weights: ArrayLike | None = None,
        *,
        looks: Sequence[int] | None = None,
        heaviest: float | None = None,
    ) -> Evidence:
        """What the prompts so far say, as a `Gain` for `judge` and `stand`.

        differences: (n,) or (n, seeds), in the order of drawing, checks passed by the adapter minus those
        passed by the base; seeds are averaged and count as fixed. weights: (n,) checks of each prompt,
        default 1. looks: prompts at every look that was taken so far, by default those of the design up to
        n; one at n is added, since calling this is a look. heaviest: the pool's largest weight, by default
        the largest seen; the betting design needs the pool's. Raises ValueError for shapes that differ,
        missing values, or more prompts than the pool.
        """
        d, m = averaged(differences, weights)
        n = len(d)
        if n > self.pool:
            raise ValueError(f"the design ends at {self.pool} prompts; got {n}")
        if self.kind == "betting":
            return BettingGain(d, m, float(m.max()) if heaviest is None else heaviest)
        taken = self.looks if looks is None else looks
        at = sorted({*(look for look in taken if look < n), n})
        return RepeatedGain(tuple(gain_at(d, m, look) for look in at), self.pool, self.spending)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a claim stands at a look."""

    n: int
    """Prompts seen."""
    verdict: Verdict
    """What the evidence says by now. At the end of the pool it is the verdict."""
    material: bool
    """`harmed`, by the margin or more."""
    settled: bool
    """No further prompt can change the verdict."""
    futile: bool
    """Further prompts could change the verdict, but the rest of the pool is unlikely to."""
    ended: bool
    """The pool is used up."""

    @property
    def stops(self) -> bool:
        """Nothing is left that is worth asking."""
        return self.settled or self.futile or self.ended


def stand(
    gain: Evidence, kind: ClaimKind, margin: float, alpha: float, *, pool: int, futility: float = 0.0
) -> Standing:
    """What the evidence says of a claim at a look, and whether to ask more prompts.

    gain: a design's `evidence`; pool, futility: the design's. kind, margin, alpha as `judge` takes them; of
    the same gain `judge` gives the finding to report, with the interval and the p-value, which take a search and are
    left out here. Stopping for futility rejects nothing, so it adds no error.
    """
    word = verdict(gain, kind, margin, alpha)
    ended, certain = gain.n >= pool, _certain(word, above_zero=lambda: gain.rejects_above(0.0, alpha))
    chance = 1.0
    if futility > 0 and not ended and not certain:
        chance = chance_of_change(gain, kind, margin, alpha, word)
    return Standing(
        n=gain.n,
        verdict=word,
        material=word is Verdict.HARMED and gain.rejects_below(-margin, alpha),
        settled=certain,
        futile=chance < futility,
        ended=ended,
    )


def _certain(word: Verdict, above_zero: Callable[[], bool]) -> bool:
    return word in (Verdict.HARMED, Verdict.CONFIRMED, Verdict.TRIVIAL) or (
        word is Verdict.KEPT and above_zero()
    )


def settled(finding: Finding) -> bool:
    """Whether the verdict can no longer change, intervals only ever narrowing.

    `harmed`, `confirmed` and `trivial` cannot; `kept` cannot once a fall is excluded. `gain` may yet become
    `confirmed` or `trivial`, `no gain` may become `trivial` or `harmed`: they stand at the end of the pool.
    """
    return _certain(finding.verdict, above_zero=lambda: finding.low >= 0)


def settled_for_gate(finding: Finding) -> bool:
    """Whether the default gate's answer to the claim can no longer change: `no gain` fails, as what follows it.

    Stopping here saves the most, and leaves most harmed adapters at `no gain`.
    """
    return settled(finding) or finding.verdict is Verdict.NO_GAIN
