"""Simulates runs that may stop early: where each ends, and with which verdict.

The rules are those of `assay.stats.stand`, for pass or fail, on whole arrays of runs at once, but by Tango's score
alone: without the exact test power is too high by .03 at 100 prompts, by .004 at 300. The tests hold the two together,
run by run. It knows no study and no cost.

    >>> rule = Rule(stats.Design(400), "gains", 0.05, 0.05)
    >>> ended = walk(rule, gain=-0.1, discordance=0.2, runs=100, rng=np.random.default_rng(0))
    >>> bool(ended.n.mean() < 300)
    True
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from assay import stats
from assay.stats import Verdict
from assay.stats.sequential import critical_values, log_wealth

__all__ = ["Ended", "Rule", "bet", "play", "thinned", "walk"]

Bools = NDArray[np.bool_]
Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

MOST_LOOKS = 48
"""That are simulated of one design: bounds for a look take as long as all looks before it."""
_WORDS = np.array(
    [
        Verdict.UNDECIDED.value,
        Verdict.NO_GAIN.value,
        Verdict.GAIN.value,
        Verdict.TRIVIAL.value,
        Verdict.CONFIRMED.value,
        Verdict.HARMED.value,
        Verdict.KEPT.value,
    ]
)
_UNDECIDED, _NO_GAIN, _GAIN, _TRIVIAL, _CONFIRMED, _HARMED, _KEPT = range(7)


@dataclass(frozen=True, slots=True)
class Rule:
    """The looks and the verdict rule of one claim."""

    design: stats.Design
    kind: stats.ClaimKind
    margin: float
    """In checks, as gain and discordance are: of pass or fail, a share of the prompts."""
    alpha: float
    """One-sided, divided by the size of the family."""


@dataclass(frozen=True, slots=True)
class Ended:
    """Where simulated runs stopped."""

    n: Counts
    """(runs,) prompts asked."""
    words: NDArray[np.str_]
    """(runs,) verdicts."""


def thinned(design: stats.Design) -> stats.Design:
    """The design with few enough looks to simulate: the same first look, the others further apart."""
    between = math.ceil((design.pool - design.first) / MOST_LOOKS)
    return replace(design, every=max(design.every, between))


def walk(rule: Rule, gain: float, discordance: float, runs: int, rng: np.random.Generator) -> Ended:
    """Simulate runs whose prompts differ independently, with probabilities (discordance +- gain)/2.

    Raises ValueError for a gain beyond the discordance, or a discordance beyond 1.
    """
    if not abs(gain) <= discordance <= 1:
        raise ValueError(f"need |gain| <= discordance <= 1; got gain {gain} and discordance {discordance}")
    better, worse = (discordance + gain) / 2, (discordance - gain) / 2
    shares = [better, worse, max(0.0, 1 - better - worse)]
    if rule.design.kind == "group":
        steps = np.diff(rule.design.looks, prepend=0)
        counts = np.stack([rng.multinomial(step, shares, size=runs)[:, :2] for step in steps], axis=1)
        b, c = np.moveaxis(counts.cumsum(axis=1), 2, 0)
        return play(rule, b, c)
    differences = rng.choice([1.0, -1.0, 0.0], size=(runs, rule.design.pool), p=shares)
    return bet(rule, differences)


def bet(rule: Rule, differences: Floats) -> Ended:
    """Where runs of the betting design end, of (runs, pool) differences in the order of the prompts."""
    return _ended(rule, *_betting(rule, differences))


def play(rule: Rule, better: Counts, worse: Counts) -> Ended:
    """Where runs of a group-sequential design end, of (runs, looks) prompts by then better and worse."""
    return _ended(rule, *_group(rule, better, worse))


@dataclass(frozen=True, slots=True)
class _Rejected:
    """Nulls, each (runs, looks); once rejected, always."""

    rise: Bools
    """{gain <= 0}"""
    fall: Bools
    """{gain >= 0}"""
    above: Bools
    """{gain <= t}, t the margin, or minus the margin where the claim is `keeps`."""
    below: Bools
    """{gain >= t}"""


def _ended(rule: Rule, words: Counts, stops: Bools) -> Ended:
    stops[:, -1] = True
    at = stops.argmax(axis=1)
    return Ended(np.asarray(rule.design.looks)[at], _WORDS[words[np.arange(len(at)), at]])


def _group(rule: Rule, b: Counts, c: Counts) -> tuple[Counts, Bools]:
    """Word at each look, and whether the run stops there; (runs, looks) both."""
    design, looks = rule.design, np.asarray(rule.design.looks)
    bounds = np.asarray(_bounds(rule, design.looks))
    at_zero, at_other = _score(b, c, looks, 0.0), _score(b, c, looks, _other(rule))
    rejected = _Rejected(
        rise=_so_far(at_zero >= bounds),
        fall=_so_far(at_zero <= -bounds),
        above=_so_far(at_other >= bounds),
        below=_so_far(at_other <= -bounds),
    )
    words = _words(rule, rejected)
    stops = _settled(words, rejected)
    if design.futility > 0 and len(looks) > 1:
        last = np.array([_bounds(rule, (*looks[: k + 1], design.pool))[-1] for k in range(len(looks) - 1)])
        share = looks[:-1] / design.pool
        at = (words[:, :-1], at_zero[:, :-1], at_other[:, :-1])
        chance = _chance(rule, *at, bound=last * np.sqrt(share), left=1 - share)
        stops[:, :-1] |= chance < design.futility
    return words, stops


def _other(rule: Rule) -> float:
    """The threshold beside 0."""
    return rule.margin if rule.kind == "gains" else -rule.margin


def _bounds(rule: Rule, looks: tuple[int, ...]) -> tuple[float, ...]:
    design = rule.design
    return critical_values(looks, [design.spending.spent(rule.alpha, n / design.pool) for n in looks])


def _so_far(test: Bools) -> Bools:
    return np.asarray(np.logical_or.accumulate(test, axis=1))


def _betting(rule: Rule, differences: Floats) -> tuple[Counts, Bools]:
    at = np.asarray(rule.design.looks) - 1

    def rejects(sign: int, t: float) -> Bools:
        wealth = np.maximum.accumulate(log_wealth(sign * differences, sign * t), axis=1)[:, at]
        return np.asarray(wealth >= -math.log(rule.alpha))

    rejected = _Rejected(
        rise=rejects(1, 0.0),
        fall=rejects(-1, 0.0),
        above=rejects(1, _other(rule)),
        below=rejects(-1, _other(rule)),
    )
    words = _words(rule, rejected)
    return words, _settled(words, rejected)


def _words(rule: Rule, rejected: _Rejected) -> Counts:
    """`judge`'s table; where both a rise and a fall are shown the word is undecided."""
    both = rejected.rise & rejected.fall
    if rule.kind == "keeps":
        return np.select(
            [both, rejected.fall, rejected.above], [_UNDECIDED, _HARMED, _KEPT], default=_UNDECIDED
        )
    return np.select(
        [both, rejected.fall, rejected.above, rejected.rise & rejected.below, rejected.rise, rejected.below],
        [_UNDECIDED, _HARMED, _CONFIRMED, _TRIVIAL, _GAIN, _NO_GAIN],
        default=_UNDECIDED,
    )


def _settled(words: Counts, rejected: _Rejected) -> Bools:
    certain = np.isin(words, (_TRIVIAL, _CONFIRMED, _HARMED))
    return np.asarray(certain | ((words == _KEPT) & rejected.rise))


def _chance(
    rule: Rule, words: Counts, at_zero: Floats, at_other: Floats, bound: Floats, left: Floats
) -> Floats:
    """Of the rejections that would change the word, the likeliest's chance to come by the pool's end."""
    rise, fall, above, below = (
        ndtr((z - bound) / np.sqrt(left)) for z in (at_zero, -at_zero, at_other, -at_other)
    )
    open_ = np.maximum(rise, below) if rule.kind == "gains" else np.maximum(above, fall)
    return np.select(
        [words == _UNDECIDED, words == _NO_GAIN, words == _GAIN, words == _KEPT],
        [open_, np.maximum(rise, fall), np.maximum(above, below), fall],
        default=1.0,
    )


def _score(b: Counts, c: Counts, n: Counts, t: float) -> Floats:
    """Tango's statistic; formula in `assay.stats.tango_z`."""
    linear, constant = -b - c + (2 * n - b + c) * t, -c * t * (1 - t)
    q = (np.sqrt(np.maximum(linear**2 - 8 * n * constant, 0.0)) - linear) / (4 * n)
    distance, variance = b - c - n * t, n * (2 * q + t * (1 - t))
    spread = np.sqrt(np.maximum(variance, 0.0))
    without = np.where(np.abs(distance) > 0, np.copysign(np.inf, distance), 0.0)
    z: Floats = np.divide(distance, spread, out=without, where=spread > 0)
    return z
