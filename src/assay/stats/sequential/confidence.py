"""Confidence sequences: intervals that hold at every prompt at once, from the wealth in `betting`.

alpha is for each side: the low ends lie above the truth, at any prompt, with a probability of at most alpha,
and the high ends below it likewise. Intersected over prompts, so they only ever narrow.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from assay.stats.sequential.betting import Floats, log_wealth, log_wealth_without_replacement

__all__ = ["betting_interval", "betting_p_above", "pool_interval"]

_HALVINGS = 40
"""Of an interval 2 wide: 2e-12 is left."""


def betting_interval(
    differences: ArrayLike, alpha: float, weights: ArrayLike | None = None, heaviest: float = 1.0
) -> tuple[float, float]:
    """(low, high) for the gain on prompts of this kind: the gains that no bet so far has ruled out.

    differences, weights, heaviest: (n,), as in `log_wealth`. low is the largest t whose null gain <= t had
    E >= 1/alpha after some prompt; the wealth falls as t rises, so a search finds it. Raises ValueError
    for an alpha outside (0, 1).
    """
    _check(alpha)
    d = np.asarray(differences, dtype=np.float64)
    enough = -math.log(alpha)

    def rejects(values: Floats) -> Callable[[float], bool]:
        return lambda t: bool(log_wealth(values, t, weights, heaviest).max() >= enough)

    return _last(rejects(d)), -_last(rejects(-d))


def betting_p_above(
    differences: ArrayLike, t: float, weights: ArrayLike | None = None, heaviest: float = 1.0
) -> float:
    """p-value of H0: gain <= t that holds at every prompt: 1 over the largest wealth so far, at most 1.

    Of H0: gain >= t: with -differences and -t. Raises ValueError as `log_wealth`.
    """
    return min(1.0, math.exp(-float(log_wealth(differences, t, weights, heaviest).max())))


def pool_interval(differences: ArrayLike, alpha: float, weights: ArrayLike) -> tuple[float, float]:
    """(low, high) for the gain that the pool's every prompt would give; a single point after its last prompt.

    differences: (n,), checks won minus checks lost (means over seeds, where there are several), of the prompts drawn
    so far from the pool without replacement. weights: (pool,), checks of every prompt of the pool in the
    order of drawing. The gains that the wealth has not ruled out, within the logical bounds: what is left
    adds or takes at most its weights. Should the two disagree, which happens with a probability below
    2 alpha, the logical bounds stand. Raises ValueError as `log_wealth_without_replacement`.
    """
    _check(alpha)
    d, m = np.asarray(differences, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    if d.ndim != 1 or m.ndim != 1 or len(d) > len(m) or (np.abs(d) > m[: len(d)] + 1e-9).any():
        raise ValueError(
            "need a weight for every prompt of the pool, and no difference beyond its prompt's; "
            f"got differences of shape {d.shape} and weights of shape {m.shape}"
        )
    pool, total, heaviest = len(m), float(m.sum()), float(m.max())
    reached, left = float(d.sum()), float(m[len(d) :].sum())
    surely = (reached - left) / total, (reached + left) / total
    if len(d) in (0, pool):
        return surely
    enough, scale = -math.log(alpha), total / (pool * heaviest)

    def rejects(values: Floats) -> Callable[[float], bool]:
        return lambda t: bool(
            log_wealth_without_replacement(values / heaviest, t * scale, pool).max() >= enough
        )

    low, high = max(surely[0], _last(rejects(d))), min(surely[1], -_last(rejects(-d)))
    return (low, high) if low <= high else surely


def _last(rejects: Callable[[float], bool]) -> float:
    """The largest t in [-1, 1] that is rejected, where everything below it is too; -1 for none."""
    low, high = -1.0, 1.0
    if not rejects(low):
        return low
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if rejects(middle):
            low = middle
        else:
            high = middle
    return low


def _check(alpha: float) -> None:
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must lie between 0 and 1, as 0.05 does; got {alpha}")
