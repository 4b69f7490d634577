"""Replays of runs that may stop early, for `benchmarks/early.py`.

`replay` has the rules of `assay.stats.sequential` for pass or fail, on whole arrays of orders at once, by Tango's score
without the exact test;
`stand_at_looks` asks `stand` itself, one order at a time. The benchmark prints what both say.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from assay.stats import Design, Standing, stand
from assay.stats.sequential import critical_values, log_wealth

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
WORDS = ("undecided", "no gain", "gain", "trivial", "confirmed", "harmed")
SETTLED = np.array([False, False, False, True, True, True])


@dataclass(frozen=True, slots=True)
class Rule:
    """A design and what else ends a run."""

    design: Design
    for_gate: bool = False
    """Stop at `no gain` too: the gate fails whatever follows."""


@dataclass(frozen=True, slots=True)
class Stops:
    """Where each order stopped."""

    n: NDArray[np.int64]
    """(orders,) prompts used."""
    words: NDArray[np.int64]
    """(orders,) index into `WORDS`."""


@dataclass(frozen=True, slots=True)
class Rejections:
    """Of the four nulls at each look, each (orders, looks); once rejected, always."""

    rise: Bools
    """{gain <= 0}"""
    fall: Bools
    """{gain >= 0}"""
    reaches: Bools
    """{gain <= margin}"""
    below: Bools
    """{gain >= margin}"""


def replay(orders: Floats, rule: Rule, margin: float, alpha: float) -> Stops:
    """Play every order, (orders, pool) of -1, 0 and 1, until the rule ends it."""
    looks = np.asarray(rule.design.looks)
    b, c = ((orders == side).cumsum(axis=1)[:, looks - 1] for side in (1, -1))
    if rule.design.kind == "group":
        words, chance = _group(b, c, looks, rule.design, margin, alpha)
    else:
        words, chance = _betting(orders, looks, margin, alpha), np.ones(b.shape)
    stops = SETTLED[words] | (chance < rule.design.futility)
    if rule.for_gate:
        stops |= words == WORDS.index("no gain")
    stops[:, -1] = True
    at = stops.argmax(axis=1)
    return Stops(looks[at], words[np.arange(len(at)), at])


def full_run(orders: Floats, margin: float, alpha: float) -> NDArray[np.int64]:
    """The verdict of all prompts, with no look before: (orders,)."""
    pool = orders.shape[1]
    return replay(orders, Rule(Design(pool, first=pool)), margin, alpha).words


def stand_at_looks(
    differences: Floats, weights: Floats, design: Design, margin: float, alpha: float
) -> Standing:
    """Where one order, (pool,), stops by `stand`."""
    n: int | None = design.looks[0]
    while n is not None:
        gain = design.evidence(differences[:n], weights[:n])
        standing = stand(gain, "gains", margin, alpha, pool=design.pool, futility=design.futility)
        if standing.stops:
            break
        n = design.next_look(n)
    return standing


def _group(
    b: NDArray[np.int64],
    c: NDArray[np.int64],
    looks: NDArray[np.int64],
    design: Design,
    margin: float,
    alpha: float,
) -> tuple[NDArray[np.int64], Floats]:
    bounds = np.asarray(
        critical_values(looks.tolist(), [design.spending.spent(alpha, n / design.pool) for n in looks])
    )
    at_zero, at_margin = (_score_z(b, c, looks, t) for t in (0.0, margin))
    tests = at_zero >= bounds, at_zero <= -bounds, at_margin >= bounds, at_margin <= -bounds
    rejected = Rejections(*(np.logical_or.accumulate(test, axis=1) for test in tests))
    words = _words(rejected)
    last = [_last_bound(looks[: k + 1].tolist(), design, alpha) for k in range(len(looks))]
    share = np.sqrt(looks / design.pool)
    with np.errstate(divide="ignore", invalid="ignore"):
        chances = [
            ndtr((sign * z - last * share) / np.sqrt(1 - share**2))
            for z in (at_zero, at_margin)
            for sign in (1, -1)
        ]
    return words, _chance(words, *chances)


def _last_bound(looks: list[int], design: Design, alpha: float) -> float:
    """At the end of the pool, with no look between."""
    at = looks if looks[-1] == design.pool else [*looks, design.pool]
    return critical_values(at, [design.spending.spent(alpha, n / design.pool) for n in at])[-1]


def _betting(orders: Floats, looks: NDArray[np.int64], margin: float, alpha: float) -> NDArray[np.int64]:
    def rejects(sign: int, t: float) -> Bools:
        wealth = np.maximum.accumulate(log_wealth(sign * orders, sign * t), axis=1)[:, looks - 1]
        return np.asarray(wealth >= -np.log(alpha))

    rejected = Rejections(rejects(1, 0.0), rejects(-1, 0.0), rejects(1, margin), rejects(-1, margin))
    return _words(rejected)


def _words(rejected: Rejections) -> NDArray[np.int64]:
    """`judge`'s table; a rise and a fall both rejected leave nothing said."""
    contradiction = rejected.rise & rejected.fall
    return np.select(
        [
            contradiction,
            rejected.fall,
            rejected.reaches,
            rejected.rise & rejected.below,
            rejected.rise,
            rejected.below,
        ],
        [0, 5, 4, 3, 2, 1],
        default=0,
    )


def _chance(words: NDArray[np.int64], rise: Floats, fall: Floats, reaches: Floats, below: Floats) -> Floats:
    """Of the rejections that would change the word, the likeliest's chance to come by the end."""
    return np.select(
        [words == 0, words == 1, words == 2],
        [np.maximum.reduce([rise, fall, below]), np.maximum(rise, fall), np.maximum(reaches, below)],
        default=0.0,
    )


def _score_z(b: NDArray[np.int64], c: NDArray[np.int64], n: NDArray[np.int64], t: float) -> Floats:
    """Tango's statistic; formula in `assay.stats.tango_z`."""
    linear, constant = -b - c + (2 * n - b + c) * t, -c * t * (1 - t)
    q = (np.sqrt(linear**2 - 8 * n * constant) - linear) / (4 * n)
    spread = np.sqrt(n * (2 * q + t * (1 - t)))
    z: Floats = np.divide(b - c - n * t, spread, out=np.zeros(b.shape), where=spread > 0)
    return z
