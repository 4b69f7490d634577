"""Verdicts: what the evidence on a gain says of a claim. Tests decide, and the interval agrees; no point estimate does.

Two disjoint nulls ({gain <= 0} and {gain >= margin}) are each tested at alpha, so a cell's error stays at
alpha (Goeman, Solari and Stijnen 2010, Stat Med 29:2117). It knows no adapter, task or family.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Literal

from assay.stats.gains import Gain
from assay.stats.verdict import Verdict

__all__ = [
    "ClaimKind",
    "Finding",
    "agreeing_interval",
    "contradicted",
    "judge",
    "side",
    "verdict",
    "word_of_interval",
]

ClaimKind = Literal["gains", "keeps"]

_TRIFLE = 1e-12
"""By which an end lies beyond a null that is rejected."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict and the evidence it rests on."""

    verdict: Verdict
    """Never the last two, which need no evidence."""
    material: bool
    """`harmed`, by the margin or more."""
    kept_within_margin: bool
    """`harmed` against a `keeps` claim, though a fall of the margin or more is excluded."""
    p: float
    """One-sided p-value of the null that the verdict rejects: {gain <= 0} for `confirmed`, `gain` and
    `trivial`, {gain >= margin} for `no gain`, {gain >= 0} for `harmed`, {gain <= -margin} for `kept`.
    For `undecided` that of {gain <= 0}, or of {gain <= -margin} where the claim is `keeps`."""
    low: float
    """Ends of its interval."""
    high: float
    """Interval with alpha on each side."""
    level: float
    """Its confidence, 1 - 2 alpha."""
    examples_needed: int | None
    """About how many prompts would decide; None for a verdict, or where only more seeds can decide."""


def judge(gain: Gain, kind: ClaimKind, margin: float, alpha: float) -> Finding:
    """The one verdict that the tests at alpha, and with them the interval at confidence 1 - 2 alpha, allow.

    `gains`: confirmed where {gain <= margin} is rejected; gain, where {gain <= 0} is; trivial, where {gain >= margin} is
    as well; no gain, where that alone is; harmed, where {gain >= 0} is; else undecided.
    `keeps`: harmed where {gain >= 0} is rejected; kept, {gain <= -margin}; else undecided.

    alpha: one-sided, already divided by the size of the family. Raises ValueError for an unknown kind,
    a margin outside (0, 1), or an alpha outside (0, 0.5).
    """
    word = verdict(gain, kind, margin, alpha)
    low, high = agreeing_interval(gain, margin, alpha)
    return Finding(
        verdict=word,
        material=word is Verdict.HARMED and gain.rejects_below(-margin, alpha),
        kept_within_margin=word is Verdict.HARMED and kind == "keeps" and low > -margin,
        p=_p(gain, kind, margin, word),
        low=low,
        high=high,
        level=1 - 2 * alpha,
        examples_needed=_examples_needed(gain, kind, margin, (low, high), 1 - 2 * alpha)
        if word is Verdict.UNDECIDED
        else None,
    )


def verdict(gain: Gain, kind: ClaimKind, margin: float, alpha: float) -> Verdict:
    """The word that `judge` finds, by tests alone. Raises as `judge`."""
    _check(kind, margin, alpha)
    if contradicted(gain, (0.0, margin) if kind == "gains" else (0.0,), alpha):
        return Verdict.UNDECIDED
    above, below = _excluded(gain, margin, alpha)
    if 0.0 in below:
        return Verdict.HARMED
    if kind == "keeps":
        return Verdict.KEPT if -margin in above else Verdict.UNDECIDED
    if margin in above:
        return Verdict.CONFIRMED
    if margin in below:
        return Verdict.TRIVIAL if 0.0 in above else Verdict.NO_GAIN
    return Verdict.GAIN if 0.0 in above else Verdict.UNDECIDED


def _excluded(gain: Gain, margin: float, alpha: float) -> tuple[set[float], set[float]]:
    """(nulls that the gain lies above, nulls that it lies below), of 0 and both margins.

    p-values are not exactly monotone in the null: one is excluded only where every weaker one is.
    """
    nulls = (-margin, 0.0, margin)
    above = takewhile(lambda null: gain.rejects_above(null, alpha), nulls)
    below = takewhile(lambda null: gain.rejects_below(null, alpha), reversed(nulls))
    return set(above), set(below)


def contradicted(gain: Gain, nulls: Sequence[float], alpha: float) -> tuple[float, ...]:
    """Those values that the gain lies both above and below, by tests at alpha: an early look said one, a later the other.

    Neither is believed then. Never so for a single look.
    """
    return tuple(
        null for null in nulls if gain.rejects_above(null, alpha) and gain.rejects_below(null, alpha)
    )


def agreeing_interval(gain: Gain, margin: float, alpha: float) -> tuple[float, float]:
    """The interval at confidence 1 - 2 alpha, on the side of 0 and of both margins that the tests say.

    p-values are not exactly monotone in the null, so that an end may be a trifle beyond a null that is not rejected,
    or short of one that is: it is moved there.
    """
    low, high = gain.interval(1 - 2 * alpha)
    nulls = (-margin, 0.0, margin)
    if both := contradicted(gain, nulls, alpha):
        return min(low, 0.0, *both), max(high, 0.0, *both)
    above, below = _excluded(gain, margin, alpha)
    for null in nulls:
        low = max(low, null + _TRIFLE) if null in above else min(low, null)
        high = min(high, null - _TRIFLE) if null in below else max(high, null)
    if low > high:  # an end was moved over the other
        low = high = low if low < min(below, default=math.inf) else high
    return low, high


def side(gain: Gain, alpha: float) -> int:
    """1 where a verdict at `alpha` would say that it rises, -1 that it falls, 0 where that is open."""
    return int(gain.rejects_above(0.0, alpha)) - int(gain.rejects_below(0.0, alpha))


def _check(kind: str, margin: float, alpha: float) -> None:
    if kind not in ("gains", "keeps"):
        raise ValueError(f"a claim is of kind 'gains' or 'keeps'; got {kind!r}")
    if not 0 < margin < 1:
        raise ValueError(f"the margin must lie between 0 and 1, as 0.05 does; got {margin}")
    if not 0 < alpha < 0.5:
        raise ValueError(f"alpha must lie between 0 and 0.5, as 0.05 does; got {alpha}")


def word_of_interval(kind: ClaimKind, margin: float, low: float, high: float) -> Verdict:
    """What an interval of these ends says."""
    if high < 0:
        return Verdict.HARMED
    if kind == "keeps":
        return Verdict.KEPT if low > -margin else Verdict.UNDECIDED
    if low > 0:
        return Verdict.CONFIRMED if low >= margin else Verdict.TRIVIAL if high < margin else Verdict.GAIN
    return Verdict.NO_GAIN if high < margin else Verdict.UNDECIDED


def _p(gain: Gain, kind: ClaimKind, margin: float, word: Verdict) -> float:
    if word is Verdict.HARMED:
        return gain.p_below(0.0)
    if kind == "keeps":
        return gain.p_above(-margin)
    return gain.p_below(margin) if word is Verdict.NO_GAIN else gain.p_above(0.0)


def _examples_needed(
    gain: Gain, kind: ClaimKind, margin: float, interval: tuple[float, float], level: float
) -> int | None:
    """The smallest number of prompts above n at which these rates would give a verdict.

    Half widths shrink with sqrt(n/n'), but for the seeds' share.
    """
    at, n, seeds = gain.estimate, gain.n, gain.seed_share(level)
    below, above = at - interval[0], interval[1] - at

    def decided(prompts: int) -> bool:
        scale = math.sqrt(seeds + (1 - seeds) * n / prompts)
        return word_of_interval(kind, margin, at - below * scale, at + above * scale) is not Verdict.UNDECIDED

    floor, ceiling = (0.0, margin) if kind == "gains" else (-margin, 0.0)
    thresholds = [_prompts_for(n, seeds, at - floor, below), _prompts_for(n, seeds, ceiling - at, above)]
    # A step up from each threshold allows for rounding in the square root.
    candidates = {
        n + 1,
        *(max(n, found) + step for found in thresholds if found is not None for step in (0, 1)),
    }
    return next((prompts for prompts in sorted(candidates) if prompts > n and decided(prompts)), None)


def _prompts_for(n: int, seed_share: float, distance: float, half: float) -> int | None:
    """How many prompts make a half width at n prompts fall below a distance; None where none do."""
    if distance <= 0:
        return None
    room = (distance / half) ** 2 - seed_share if half > 0 else math.inf
    return math.floor(n * (1 - seed_share) / room) + 1 if room > 0 else None
