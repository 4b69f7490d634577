"""Pivots: the common source of an interval and its one-sided p-values, so that the two can never disagree.

Each pivot has `interval(confidence)`, `p_above(t)` (of H0: gain <= t) and `p_below(t)` (of H0: gain >= t):
`p_above(t) < alpha` exactly where the low end at confidence 1 - 2 alpha lies above t, and likewise below. They know no claim.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

from scipy.special import stdtr, stdtrit

from assay.stats.paired import tango_interval, tango_p_above, tango_p_below
from assay.stats.quantiles import normal_quantile, t_quantile

__all__ = ["FEW", "NOTHING", "Hull", "Pivot", "ScaledTango", "StudentT", "TwoQuantiles", "widened_error"]

FEW = 25
"""With fewer prompts that differ than this, approximations by a normal or a t are not believed alone."""

_LEAST_LOG_P = -700.0
_HALVINGS = 60

NOTHING = 1e-9
"""Differences and standard errors below this are rounding."""


class Pivot(Protocol):
    """An interval and the one-sided tests that it inverts."""

    def interval(self, confidence: float) -> tuple[float, float]:
        """(low, high) of the gains that neither one-sided test rejects."""
        ...

    def p_above(self, t: float) -> float:
        """One-sided p-value of H0: gain <= t."""
        ...

    def p_below(self, t: float) -> float:
        """One-sided p-value of H0: gain >= t."""
        ...


@dataclass(frozen=True, slots=True)
class StudentT:
    """An estimate with a standard error of `df` degrees of freedom."""

    estimate: float
    standard_error: float
    """0 or more; infinite where one prompt or one seed leaves it unknown."""
    df: float
    """More than 0."""

    def interval(self, confidence: float) -> tuple[float, float]:
        """estimate -+ t_df * standard error."""
        half = t_quantile(confidence, self.df) * self.standard_error
        return self.estimate - half, self.estimate + half

    def p_above(self, t: float) -> float:
        """P(T_df >= (estimate - t) / standard error); without a standard error 0 or 1."""
        return self._tail(t - self.estimate)

    def p_below(self, t: float) -> float:
        """P(T_df <= (estimate - t) / standard error); without a standard error 0 or 1."""
        return self._tail(self.estimate - t)

    def _tail(self, beyond: float) -> float:
        if self.standard_error == 0:
            return 0.0 if beyond < 0 else 1.0
        return float(stdtr(self.df, beyond / self.standard_error))


@dataclass(frozen=True, slots=True)
class TwoQuantiles:
    """An estimate with two independent errors, each of its own degrees of freedom: hypot(t_1 SE_1, t_2 SE_2).

    One number of degrees of freedom for their sum (Welch and Satterthwaite) is large just where the smaller one
    happens to be small, and errs up to .083 for .05 with two seeds; this errs on the wide side.
    """

    estimate: float
    errors: tuple[tuple[float, float], ...]
    """(standard error, degrees of freedom) of each."""

    @property
    def standard_error(self) -> float:
        """Of the estimate."""
        return math.hypot(*(error for error, _ in self.errors))

    def half(self, confidence: float) -> float:
        """Half the interval's width."""
        return math.hypot(*(t_quantile(confidence, df) * error for error, df in self.errors))

    def interval(self, confidence: float) -> tuple[float, float]:
        """estimate -+ half."""
        half = self.half(confidence)
        return self.estimate - half, self.estimate + half

    def p_above(self, t: float) -> float:
        """The alpha at which the low end at confidence 1 - 2 alpha is t; without a standard error 0 or 1."""
        return self._tail(self.estimate - t)

    def p_below(self, t: float) -> float:
        """The alpha at which the high end at confidence 1 - 2 alpha is t; without a standard error 0 or 1."""
        return self._tail(t - self.estimate)

    def _tail(self, distance: float) -> float:
        if self.standard_error == 0:
            return 0.0 if distance > 0 else 1.0
        if distance < 0:
            return 1 - self._tail(-distance)
        low, high = _LEAST_LOG_P, math.log(0.5)
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            tail = math.exp(middle)
            half = math.hypot(*(error * float(stdtrit(df, tail)) for error, df in self.errors))
            low, high = (middle, high) if half > distance else (low, middle)
        return math.exp(high)


@dataclass(frozen=True, slots=True)
class ScaledTango:
    """Tango's score test on b better and c worse of n prompts, one prompt in n counting `scale`/n."""

    b: float
    c: float
    n: int
    scale: float = 1.0
    """More than 0."""

    def interval(self, confidence: float) -> tuple[float, float]:
        """Tango's interval, scaled."""
        low, high = tango_interval(self.b, self.c, self.n, confidence)
        return low * self.scale, high * self.scale

    def p_above(self, t: float) -> float:
        """One-sided score p-value of H0: gain <= t."""
        return tango_p_above(self.b, self.c, self.n, t / self.scale)

    def p_below(self, t: float) -> float:
        """One-sided score p-value of H0: gain >= t."""
        return tango_p_below(self.b, self.c, self.n, t / self.scale)


@dataclass(frozen=True, slots=True)
class Hull:
    """Rejects only what each of its parts rejects: the widest ends, the largest p-values; within [-1, 1]."""

    parts: tuple[Pivot, ...]

    def interval(self, confidence: float) -> tuple[float, float]:
        """The lowest low end and the highest high end."""
        lows, highs = zip(*(part.interval(confidence) for part in self.parts), strict=True)
        return max(-1.0, min(lows)), min(1.0, max(highs))

    def p_above(self, t: float) -> float:
        """The largest of the parts'."""
        return max(part.p_above(t) for part in self.parts)

    def p_below(self, t: float) -> float:
        """The largest of the parts'."""
        return max(part.p_below(t) for part in self.parts)


def widened_error(error: float, discordant: int, test: Pivot) -> float:
    """The error; at small counts, or where it is 0, not below what the test's 95 % interval implies."""
    if discordant >= FEW and error > NOTHING:
        return error
    low, high = test.interval(0.95)
    return max(error, (high - low) / (2 * normal_quantile(0.95)))
