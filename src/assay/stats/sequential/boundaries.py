"""Critical values of a test with several looks, by integrating the Gaussian random walk. It knows no prompt.

At information n_1 < n_2 < ... the statistic is Z_k = B(n_k)/sqrt(n_k), B a standard Brownian motion: score
statistics of independent prompts are that, asymptotically. One-sided and upwards throughout; the same
values serve downwards. Looks may be spaced as one likes, and each value depends on the looks up to its own.

    >>> [round(c, 3) for c in critical_values((1, 2), (0.0125, 0.025))]
    [2.241, 2.125]
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

__all__ = ["LEAST", "critical_values", "crossing_probabilities"]

Floats = NDArray[np.float64]

LEAST = 1e-12
"""A look whose share of the error is smaller than this tests nothing, and leaves that share to later ones."""

_EDGE = 8.0
"""Standard deviations beyond which the walk is left out: 6e-16 of it."""
_HALVINGS = 55
_FEWEST, _MOST = 64, 1536
"""Points of the integration rule, within which their spacing follows the smallest step: 1e-7 is left."""


def critical_values(looks: Sequence[float], spent: Sequence[float]) -> tuple[float, ...]:
    """c_k with P(Z_j >= c_j for some j <= k) = spent_k under no drift; infinite where a look tests nothing.

    looks: information at each, as prompts; above 0 and rising. spent: error used up to each, in [0, 1) and
    never falling. Raises ValueError for anything else. Source: Armitage, McPherson and Rowe 1969,
    JRSS A 132:235; Lan and DeMets 1983, Biometrika 70:659.
    """
    times, errors = tuple(map(float, looks)), tuple(map(float, spent))
    if len(times) != len(errors):
        raise ValueError(
            f"need the error spent at each look; got {len(times)} looks and {len(errors)} values"
        )
    _check(times)
    if any(not 0 <= error < 1 for error in errors) or any(a > b for a, b in pairwise(errors)):
        raise ValueError(f"the error spent lies in [0, 1) and never falls; got {errors}")
    return _critical_values(times, errors)


def crossing_probabilities(looks: Sequence[float], bounds: Sequence[float]) -> tuple[float, ...]:
    """P(Z_j >= bound_j for some j <= k) for each k, under no drift; `critical_values` turned round."""
    times = tuple(map(float, looks))
    if len(times) != len(bounds):
        raise ValueError(f"need a bound at each look; got {len(times)} looks and {len(bounds)} bounds")
    _check(times)
    walk, crossed = _Walk(times), 0.0
    so_far = []
    for bound in bounds:
        crossed += walk.beyond(bound)
        walk.go_on(bound)
        so_far.append(crossed)
    return tuple(so_far)


@lru_cache(maxsize=4096)
def _critical_values(times: tuple[float, ...], errors: tuple[float, ...]) -> tuple[float, ...]:
    walk, crossed = _Walk(times), 0.0
    bounds = []
    for error in errors:
        bound = walk.bound_for(error - crossed) if error - crossed >= LEAST else math.inf
        if bound < math.inf:
            crossed = error
        walk.go_on(bound)
        bounds.append(bound)
    return tuple(bounds)


class _Walk:
    """The walk at one look after the other, given that it stayed below every bound before.

    Its density is kept at Gauss and Legendre's points between -8 and the last bound, times their weights.
    """

    def __init__(self, times: tuple[float, ...]) -> None:
        self.times = times
        self.look = 0
        steps = np.diff(times, prepend=0.0) / np.asarray(times)
        self.rule = _legendre(int(np.clip(math.ceil(14 / math.sqrt(steps.min())), _FEWEST, _MOST)))
        self.points = np.zeros(1)
        self.mass = np.ones(1)

    def beyond(self, bound: float) -> float:
        """P(Z >= bound at this look, and below every earlier bound)."""
        return float(self.mass @ ndtr(self._standardised(bound)))

    def bound_for(self, error: float) -> float:
        """The bound that is passed with this probability; -8 where even that is not enough."""
        low, high = -_EDGE, _EDGE
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            if self.beyond(middle) > error:
                low = middle
            else:
                high = middle
        return high

    def go_on(self, bound: float) -> None:
        """Keep what lies below the bound, and turn to the next look."""
        nodes, weights = self.rule
        half = (min(max(bound, -_EDGE), _EDGE) + _EDGE) / 2
        points = half * nodes + half - _EDGE
        now, step = self.times[self.look], self._step
        density = np.exp(-(self._standardised(points) ** 2) / 2) * math.sqrt(now / (2 * math.pi * step))
        self.mass = half * weights * (density @ self.mass)
        self.points = points
        self.look += 1

    @property
    def _step(self) -> float:
        return self.times[self.look] - (self.times[self.look - 1] if self.look else 0.0)

    def _standardised(self, z: float | Floats) -> Floats:
        """How far each earlier point lies above z, in standard deviations of the step; (z, points)."""
        now, before = self.times[self.look], self.times[self.look - 1] if self.look else 0.0
        levels = np.multiply(z, math.sqrt(now))
        reached = self.points * math.sqrt(before)
        return np.asarray((reached - (levels[:, None] if np.ndim(z) else levels)) / math.sqrt(self._step))


@lru_cache(maxsize=32)
def _legendre(points: int) -> tuple[Floats, Floats]:
    """Points and weights of Gauss and Legendre's rule on [-1, 1]."""
    nodes, weights = np.polynomial.legendre.leggauss(points)
    return nodes, weights


def _check(times: tuple[float, ...]) -> None:
    if not times or times[0] <= 0 or any(a >= b for a, b in pairwise(times)):
        raise ValueError(f"looks must be above 0 and rise, one at least; got {times}")
    if not all(map(math.isfinite, times)):
        raise ValueError(f"looks must be finite; got {times}")
