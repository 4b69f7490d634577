"""Power: the gain that given prompts and seeds can show, and the prompts and seeds that show a given gain.

`alpha` is one-sided everywhere and already divided by the size of the family, as in `judge`: 0.05 goes
with a 90 % interval, and a two-sided test at 0.05 is an alpha of 0.025. The discordance is the share of
prompts on which adapter and base differ. It knows no task, adapter or cost.

    >>> prompts_to_detect(0.05, discordance=0.2, alpha=0.025)
    626
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv, ndtr, ndtri, stdtrit

from assay.stats.enumeration import first_rejected, rejection_probability

__all__ = [
    "RecipeVariances",
    "detectable_gain",
    "detectable_recipe_gain",
    "detectable_recipe_gain_if_known",
    "mcnemar_power",
    "paired_power",
    "prompts_for_equivalence",
    "prompts_to_detect",
    "prompts_to_exclude",
]

_HALVINGS = 60


def prompts_to_detect(gain: float, discordance: float, alpha: float, power: float = 0.8) -> int:
    """Prompts with which McNemar's test shows a true gain of this size, with this probability.

    n = (z_{1-alpha} sqrt(p_d) + z_power sqrt(p_d - G²))² / G². Raises ValueError for a gain that is not
    in (0, discordance]. Source: Connor 1987, Biometrics 43:207.
    """
    _check(discordance, alpha, power)
    if not 0 < gain <= discordance:
        raise ValueError(f"the gain must lie above 0 and not above the discordance {discordance}; got {gain}")
    return math.ceil(_required_root(gain, discordance, alpha, power) ** 2)


def detectable_gain(n: int, discordance: float, alpha: float, power: float = 0.8) -> float | None:
    """The smallest true gain that n prompts show with this probability; `prompts_to_detect` turned round.

    None where even a gain as large as the discordance is not shown.
    """
    _check(discordance, alpha, power)
    _check_prompts(n)
    low, high = 0.0, discordance
    if _required_root(high, discordance, alpha, power) > math.sqrt(n):
        return None
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _required_root(middle, discordance, alpha, power) > math.sqrt(n):
            low = middle
        else:
            high = middle
    return high


def mcnemar_power(n: int, discordance: float, gain: float, alpha: float) -> float:
    """Probability that McNemar's test shows a gain of this true size, by the normal approximation.

    Phi((G sqrt(n) - z_{1-alpha} sqrt(p_d)) / sqrt(p_d - G²)); Connor's sample size turned round.
    """
    _check(discordance, alpha, 0.5)
    _check_prompts(n)
    _check_gain(gain, discordance)
    distance = gain * math.sqrt(n) + float(ndtri(alpha)) * math.sqrt(discordance)
    spread = math.sqrt(max(discordance - gain * gain, 0.0))
    return float(ndtr(distance / spread)) if spread else float(distance >= 0)


def paired_power(n: int, discordance: float, gain: float, alpha: float, null: float = 0.0) -> float:
    """Probability that {gain <= null} is rejected where the gain is of this true size; summed over all tables.

    By the tests that claims are judged by: a rise at a null of 0, `confirmed` at the margin, `kept` at the margin below
    0. For `no gain` and `harmed` the mirror image: gain and null with the other sign. Takes about a second at 1,000
    prompts.
    """
    _check(discordance, alpha, 0.5)
    _check_prompts(n)
    _check_gain(gain, discordance)
    return float(rejection_probability(first_rejected(n, null, alpha), gain, discordance)[0])


def prompts_to_exclude(margin: float, discordance: float, alpha: float, power: float = 0.8) -> int:
    """Prompts that exclude a gain of the margin with this probability where the true gain is 0.

    n = (z_{1-alpha} + z_power)² p_d / margin². The same for a fall of the margin.
    """
    _check(discordance, alpha, power)
    _check_margin(margin)
    return _prompts_for_distance(margin, discordance, float(-ndtri(alpha) + ndtri(power)))


def prompts_for_equivalence(margin: float, discordance: float, alpha: float, power: float = 0.8) -> int:
    """Prompts that exclude both a gain and a fall of the margin where the true gain is 0 (TOST).

    n = (z_{1-alpha} + z_{(1+power)/2})² p_d / margin²: either test may fail.
    """
    _check(discordance, alpha, power)
    _check_margin(margin)
    return _prompts_for_distance(margin, discordance, float(-ndtri(alpha) + ndtri((1 + power) / 2)))


def _prompts_for_distance(margin: float, discordance: float, errors: float) -> int:
    return math.ceil(discordance * (errors / margin) ** 2)


@dataclass(frozen=True, slots=True)
class RecipeVariances:
    """Where the variation of one prompt's difference comes from; see `seed_components`."""

    prompt: float
    """Between prompts, over seeds."""
    seed: float
    """Between seeds, over prompts."""
    resid: float
    """What neither explains."""

    def __post_init__(self) -> None:
        """Raise ValueError for a negative variance."""
        if not min(self.prompt, self.seed, self.resid) >= 0:
            raise ValueError(f"variances must be 0 or more; got {self}")

    def of_mean(self, n: int, seeds: int) -> float:
        """Of a gain over n prompts and S seeds: var_prompt/n + var_seed/S + var_resid/(nS)."""
        return self.prompt / n + self.seed / seeds + self.resid / (n * seeds)


def detectable_recipe_gain_if_known(
    n: int, seeds: int, variances: RecipeVariances, alpha: float, power: float = 0.8
) -> float:
    """The smallest true gain of a recipe that would be shown if its variances were known.

    (z_{1-alpha} + z_power) sqrt(Var). Optimistic with few seeds: see `detectable_recipe_gain`.
    """
    _check_seeds(n, seeds, 1)
    _check_levels(alpha, power)
    return float(-ndtri(alpha) + ndtri(power)) * math.sqrt(variances.of_mean(n, seeds))


def detectable_recipe_gain(
    n: int, seeds: int, variances: RecipeVariances, alpha: float, power: float = 0.8
) -> float | None:
    """The smallest true gain of a recipe that `recipe_interval` shows with this probability.

    That interval knows its standard errors from the data alone. Under normality both mean squares are scaled
    chi-squares, independent of the estimate, and power is averaged over them. None where a gain of 1 would not be
    shown. Raises ValueError for fewer than two prompts or two seeds.
    """
    _check_seeds(n, seeds, 2)
    _check_levels(alpha, power)
    sd = math.sqrt(variances.of_mean(n, seeds))
    if sd == 0:
        return 0.0
    bars = _bars(n, seeds, variances, alpha)
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if float(ndtr((middle - bars) / sd).mean()) < power:
            low = middle
        else:
            high = middle
    return None if low > 1 - 1e-9 else high


def _bars(n: int, seeds: int, variances: RecipeVariances, alpha: float) -> NDArray[np.float64]:
    """What the estimate must exceed to be shown, over the distribution of both mean squares."""
    rest = variances.resid / (n * seeds)
    of_prompt = (variances.prompt / n + rest) * _mean_squares(n - 1, 20)[:, None]
    of_seed = (variances.seed / seeds + rest) * _mean_squares(seeds - 1, 500)[None, :]
    by_prompt, by_seed = stdtrit(n - 1, alpha) ** 2, stdtrit(seeds - 1, alpha) ** 2
    return np.asarray(np.sqrt(by_prompt * of_prompt + by_seed * of_seed), dtype=np.float64)


def _mean_squares(df: int, count: int) -> NDArray[np.float64]:
    """So many equally likely values of a chi-square over its degrees of freedom."""
    shares = (np.arange(count) + 0.5) / count
    return np.asarray(gammaincinv(df / 2, shares) * 2 / df, dtype=np.float64)


def _required_root(gain: float, discordance: float, alpha: float, power: float) -> float:
    """The square root of Connor's n; falls as the gain rises."""
    unexplained = math.sqrt(max(discordance - gain * gain, 0.0))
    needed = -float(ndtri(alpha)) * math.sqrt(discordance) + float(ndtri(power)) * unexplained
    return needed / gain if gain > 0 else math.inf


def _check(discordance: float, alpha: float, power: float) -> None:
    if not 0 < discordance <= 1:
        raise ValueError(f"the discordance is a share of prompts, above 0 and at most 1; got {discordance}")
    _check_levels(alpha, power)


def _check_levels(alpha: float, power: float) -> None:
    if not 0 < alpha < 0.5:
        raise ValueError(f"alpha must lie between 0 and 0.5, as 0.05 does; got {alpha}")
    if not 0.5 <= power < 1:
        raise ValueError(f"power must be 0.5 or more and below 1, as 0.8 is; got {power}")


def _check_prompts(n: int) -> None:
    if not n >= 1:
        raise ValueError(f"n must be at least one prompt; got {n}")


def _check_gain(gain: float, discordance: float) -> None:
    if not abs(gain) <= discordance:
        raise ValueError(f"the gain cannot exceed the discordance {discordance}; got {gain}")


def _check_margin(margin: float) -> None:
    if not 0 < margin < 1:
        raise ValueError(f"the margin must lie between 0 and 1, as 0.05 does; got {margin}")


def _check_seeds(n: int, seeds: int, least: int) -> None:
    if not (n >= least and seeds >= least):
        raise ValueError(f"needs {least} or more prompts and seeds; got {n} prompts and {seeds} seeds")
