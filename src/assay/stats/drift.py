"""Drift: how much more an adapter gained off-target than on the target, in the metric's units.

Three variants, always printed with their name: `gap` (the default), `gap_max` and `excess`. An adapter
that changes nothing has none, so drift alone never decides. Intervals are MOVER's (Zou and Donner 2008,
Stat Med 27:1693) where estimates on different tasks share no prompts, else their widths add up. Where any interval is
unknown, as with aggregate scores, the drift has none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np

from assay.stats.pivots import FEW, TwoQuantiles
from assay.stats.weighted import RecipeGain

__all__ = [
    "Drift",
    "Estimate",
    "drifts",
    "excess",
    "gap",
    "gap_max",
    "gap_over_seeds",
    "mover_difference",
    "mover_mean",
]


class Estimate(NamedTuple):
    """A value with its interval, where it has one."""

    value: float
    low: float | None = None
    high: float | None = None


_Gain = TypeVar("_Gain")
Interval = tuple[float, float, float]
"""(estimate, low, high)"""


@dataclass(frozen=True, slots=True)
class Drift:
    """One variant of drift, with the gains it is made of."""

    variant: str
    """`gap`, `gap_max` or `excess`."""
    value: float
    """The drift, in the metric's units."""
    low: float | None
    """Ends of its interval; None where it has none."""
    high: float | None
    """Interval, at the confidence of those given; None where it is unknown."""
    target_gain: float
    """The gain on the target."""
    off_target_gain: float
    """Mean over the off-target metrics."""
    min_off_target_gain: float
    """The smallest: harm elsewhere lowers drift, and shows here."""


def drifts(target: Estimate, off_target: Sequence[Estimate]) -> tuple[Drift, Drift, Drift]:
    """All three variants. Raises ValueError without an off-target gain: there is no drift from nothing."""
    return gap(target, off_target), gap_max(target, off_target), excess(target, off_target)


def gap(target: Estimate, off_target: Sequence[Estimate], dependent: bool = False) -> Drift:
    """Mean off-target gain minus the target gain. dependent: some prompts of the target are asked elsewhere, too."""
    return _drift("gap", target, off_target, _difference(_mean(off_target), target, dependent))


def gap_max(target: Estimate, off_target: Sequence[Estimate], dependent: bool = False) -> Drift:
    """Largest off-target gain minus the target gain. dependent: as for `gap`.

    Picking the largest biases it upwards, so it has an interval only where there is one to pick.
    """
    largest = max(_some(off_target), key=lambda gain: gain.value)
    return _drift(
        "gap_max",
        target,
        off_target,
        _difference(largest if len(off_target) == 1 else Estimate(largest.value), target, dependent),
    )


def excess(target: Estimate, off_target: Sequence[Estimate], dependent: bool = False) -> Drift:
    """max(0, mean off-target gain - max(0, target gain)): a fall on the target does not count as drift.

    dependent: as for `gap`.
    """
    beyond = _difference(_mean(off_target), _at_least_zero(target), dependent)
    return _drift("excess", target, off_target, _at_least_zero(beyond))


def gap_over_seeds(
    target: RecipeGain, off_target: Sequence[RecipeGain], confidence: float, dependent: bool = False
) -> Drift:
    """The gap of a recipe, seed by seed, with seeds as a random effect.

    Every gain holds the same seeds in the same order; a seed moves all tasks at once, so its variance is
    that of the gaps, while prompts vary task by task: half = hypot of t_{S-1} sd(gaps)/sqrt(S) and of t_{n-1}
    se_prompt of the target and of each off-target task, divided by their number; at small counts its hull
    with MOVER's interval of the gains' own. dependent: as for `gap`; prompts then vary as one. Raises ValueError for
    gains of different seeds, or none off target.
    """
    by_seed = np.stack([gain.by_seed for gain in _some(off_target)]).mean(axis=0) - target.by_seed
    seeds, count = len(by_seed), len(off_target)
    parts = [(float(by_seed.std(ddof=1)) / math.sqrt(seeds), seeds - 1)]
    of_prompts = [(target.components.se_prompt, target.n - 1)]
    of_prompts += [(gain.components.se_prompt / count, gain.n - 1) for gain in off_target]
    if dependent:
        of_prompts = [(math.fsum(error for error, _ in of_prompts), min(df for _, df in of_prompts))]
    parts += of_prompts
    low, high = TwoQuantiles(float(by_seed.mean()), tuple(parts)).interval(confidence)
    if any(gain.discordant < FEW for gain in (target, *off_target)):
        # Few prompts that differ say little of their variance: not narrower than from the gains' own intervals.
        home, *away = (Estimate(gain.estimate, *gain.interval(confidence)) for gain in (target, *off_target))
        _, least, most = _difference(_mean(away), home, dependent)
        low, high = min(low, low if least is None else least), max(high, high if most is None else most)
    return _drift(
        "gap",
        Estimate(target.estimate),
        [Estimate(gain.estimate) for gain in off_target],
        Estimate(float(by_seed.mean()), low, high),
    )


def mover_difference(first: Interval, second: Interval) -> Interval:
    """first - second for independent estimates (estimate, low, high), with the recovered interval."""
    value = first[0] - second[0]
    low = value - math.hypot(first[0] - first[1], second[2] - second[0])
    high = value + math.hypot(first[2] - first[0], second[0] - second[1])
    return value, low, high


def mover_mean(estimates: Sequence[Interval]) -> Interval:
    """Mean of independent estimates (estimate, low, high), with the recovered interval."""
    if not estimates:
        raise ValueError("a mean needs one estimate at least")
    count = len(estimates)
    value = math.fsum(one[0] for one in estimates) / count
    low = value - math.hypot(*(one[0] - one[1] for one in estimates)) / count
    high = value + math.hypot(*(one[2] - one[0] for one in estimates)) / count
    return value, low, high


def _drift(variant: str, target: Estimate, off_target: Sequence[Estimate], value: Estimate) -> Drift:
    gains = [gain.value for gain in off_target]
    return Drift(variant, *value, target.value, math.fsum(gains) / len(gains), min(gains))


def _difference(first: Estimate, second: Estimate, dependent: bool) -> Estimate:
    """Of estimates that depend on each other in an unknown way, as if one fell where the other rises: never too narrow."""
    one, other = _known(first), _known(second)
    if one is None or other is None:
        return Estimate(first.value - second.value)
    if dependent:
        return Estimate(one[0] - other[0], one[1] - other[2], one[2] - other[1])
    return Estimate(*mover_difference(one, other))


def _mean(estimates: Sequence[Estimate]) -> Estimate:
    known = [_known(one) for one in _some(estimates)]
    complete = [one for one in known if one is not None]
    if len(complete) < len(known):
        return Estimate(math.fsum(one.value for one in estimates) / len(estimates))
    return Estimate(*mover_mean(complete))


def _at_least_zero(estimate: Estimate) -> Estimate:
    return Estimate(*(None if end is None else max(0.0, end) for end in estimate))  # type: ignore[arg-type]


def _known(estimate: Estimate) -> Interval | None:
    value, low, high = estimate
    return None if low is None or high is None else (value, low, high)


def _some(off_target: Sequence[_Gain]) -> Sequence[_Gain]:
    if not off_target:
        raise ValueError("drift needs one off-target gain at least")
    return off_target
