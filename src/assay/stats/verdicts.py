"""Verdicts: what the evidence on a gain says of a claim. One interval, one word; no point estimate decides.

Two disjoint nulls ({gain <= 0} and {gain >= margin}) are each tested at alpha, so a cell's error stays at
alpha (Goeman, Solari and Stijnen 2010, Stat Med 29:2117). Knows nothing of adapters, tasks or families.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from assay.stats.gains import Gain
from assay.stats.pivots import FEW
from assay.stats.verdict import Verdict

__all__ = ["ClaimKind", "Finding", "judge", "side"]

ClaimKind = Literal["gains", "keeps"]

_ANY = 0.5
"""A margin: none of them changes whether a verdict speaks of a sign, nor of which."""


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
    high: float
    """Interval with alpha on each side."""
    level: float
    """Its confidence, 1 - 2 alpha."""
    examples_needed: int | None
    """About how many prompts would decide; None for a verdict, or where only more seeds can decide."""


def judge(gain: Gain, kind: ClaimKind, margin: float, alpha: float) -> Finding:
    """The one verdict that the interval at confidence 1 - 2 alpha allows.

    `gains`: confirmed where low >= margin; gain, 0 < low < margin <= high; trivial, 0 < low and
    high < margin; no gain, low <= 0 <= high < margin; harmed, high < 0; else undecided.
    `keeps`: harmed where high < 0; kept, low > -margin; else undecided.
    With fewer than 25 prompts that differ, a gain or a harm also needs the one-sided sign test's mid-p at
    or below alpha; without it a `gains` claim is undecided, a `keeps` claim kept or undecided.

    alpha: one-sided, already divided by the size of the family. Raises ValueError for an unknown kind,
    a margin outside (0, 1), or an alpha outside (0, 0.5).
    """
    _check(kind, margin, alpha)
    level = 1 - 2 * alpha
    low, high = gain.interval(level)
    word = _word(kind, margin, low, high)
    if gain.discordant < FEW and _sign_p(gain, word) > alpha:
        word = Verdict.KEPT if kind == "keeps" and low > -margin else Verdict.UNDECIDED
    return Finding(
        verdict=word,
        material=word is Verdict.HARMED and high <= -margin,
        kept_within_margin=word is Verdict.HARMED and kind == "keeps" and low > -margin,
        p=_p(gain, kind, margin, word),
        low=low,
        high=high,
        level=level,
        examples_needed=_examples_needed(gain, kind, margin, (low, high))
        if word is Verdict.UNDECIDED
        else None,
    )


def side(gain: Gain, alpha: float) -> int:
    """1 where a verdict at `alpha` would say that it rises, -1 that it falls, 0 where that is open."""
    word = judge(gain, "gains", _ANY, alpha).verdict
    return 1 if word.rises else -1 if word is Verdict.HARMED else 0


def _check(kind: str, margin: float, alpha: float) -> None:
    if kind not in ("gains", "keeps"):
        raise ValueError(f"a claim is of kind 'gains' or 'keeps'; got {kind!r}")
    if not 0 < margin < 1:
        raise ValueError(f"the margin must lie between 0 and 1, as 0.05 does; got {margin}")
    if not 0 < alpha < 0.5:
        raise ValueError(f"alpha must lie between 0 and 0.5, as 0.05 does; got {alpha}")


def _word(kind: ClaimKind, margin: float, low: float, high: float) -> Verdict:
    """The table, before the rule on small counts."""
    if high < 0:
        return Verdict.HARMED
    if kind == "keeps":
        return Verdict.KEPT if low > -margin else Verdict.UNDECIDED
    if low > 0:
        return Verdict.CONFIRMED if low >= margin else Verdict.TRIVIAL if high < margin else Verdict.GAIN
    return Verdict.NO_GAIN if high < margin else Verdict.UNDECIDED


def _sign_p(gain: Gain, word: Verdict) -> float:
    """What a rise or a fall also needs at small counts; 0 for words that speak of neither."""
    if word.rises:
        return gain.sign_p_up()
    return gain.sign_p_down() if word is Verdict.HARMED else 0.0


def _p(gain: Gain, kind: ClaimKind, margin: float, word: Verdict) -> float:
    if word is Verdict.HARMED:
        return gain.p_below(0.0)
    if kind == "keeps":
        return gain.p_above(-margin)
    return gain.p_below(margin) if word is Verdict.NO_GAIN else gain.p_above(0.0)


def _examples_needed(gain: Gain, kind: ClaimKind, margin: float, interval: tuple[float, float]) -> int | None:
    """The smallest number of prompts above n at which these rates would give a verdict.

    Half widths shrink with sqrt(n/n'), but for the seeds' share; a rise or a fall needs 25 prompts
    that differ.
    """
    at, n = gain.estimate, gain.n
    below, above = at - interval[0], interval[1] - at

    def decided(prompts: int) -> bool:
        scale = math.sqrt(gain.seed_share + (1 - gain.seed_share) * n / prompts)
        word = _word(kind, margin, at - below * scale, at + above * scale)
        speaks_of_sign = word.rises or word is Verdict.HARMED
        return word is not Verdict.UNDECIDED and not (speaks_of_sign and gain.discordant * prompts < FEW * n)

    floor, ceiling = (0.0, margin) if kind == "gains" else (-margin, 0.0)
    thresholds = [
        _prompts_for(n, gain.seed_share, at - floor, below),
        _prompts_for(n, gain.seed_share, ceiling - at, above),
        math.ceil(FEW * n / gain.discordant) if gain.discordant else None,
    ]
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
