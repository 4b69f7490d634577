"""Evidence that is valid after any prompt: the wealth of a bettor against a null.

Values come in the order in which prompts were drawn, and that order is random. Under the null the wealth E
is a nonnegative supermartingale that starts at 1, so that it ever reaches 1/alpha has a probability of at
most alpha (Ville 1939). One-sided, in logarithms; a sequence played again gives the state again.
Sources: Waudby-Smith and Ramdas 2023, JRSSB 86:1 (arXiv 2010.09686), and 2020, NeurIPS 33 (2006.04347).

    >>> round(log_wealth_of_counts(5, 2), 6)
    0.265108
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, betaln, hyp2f1

__all__ = ["BETS", "log_wealth", "log_wealth_of_counts", "log_wealth_without_replacement"]

Floats = NDArray[np.float64]

BETS = (0.02, 0.04, 0.06, 0.09, 0.13, 0.18, 0.24, 0.31, 0.39, 0.48, 0.58, 0.69, 0.80, 0.90, 0.97)
"""Shares of the largest safe bet; the wealth is the mean over them."""

_LARGEST_BET = 5.0
_ROUNDING = 1e-12


def log_wealth(
    differences: ArrayLike, t: float, weights: ArrayLike | None = None, heaviest: float = 1.0
) -> Floats:
    """log E after each prompt, of H0: mean <= t over prompts of this kind (drawn independently).

    differences: (..., n), each within its weight; leading axes are other orders. weights: as they, or (n,),
    checks a prompt has, default 1; then the null is sum d <= t sum m, in expectation. heaviest: the
    largest weight that the pool has, known before the first prompt. Same shape as differences.
    E = mean_j prod_i (1 + g_j min(1/(1 + t), 5) (d_i - t m_i)/heaviest), g = `BETS`. It falls as t rises.
    Of H0: mean >= t: with -differences and -t. Raises ValueError for values beyond the weights, or t
    outside [-1, 1].
    """
    d, m = _bounded(differences, weights, heaviest, t)
    largest = min(1 / (1 + t), _LARGEST_BET) if t > -1 else _LARGEST_BET
    excess = (d - t * m) * (largest / heaviest)
    return _mean_over_bets(excess)


def log_wealth_without_replacement(differences: ArrayLike, t: float, pool: int) -> Floats:
    """log E after each prompt, of H0: the pool's mean <= t, when prompts are drawn from it without replacement.

    differences: (..., n) in [-1, 1], n <= pool; leading axes are other orders. Infinite once the null is
    impossible, minus infinity once it is certain. Same shape. With S the sum before prompt i,
    mu_i = (pool t - S)/(pool - i + 1) is the mean of what is left if the null is tight, and
    E = mean_j prod_i (1 + g_j min(1/(1 + mu_i), 5) (d_i - mu_i)), g = `BETS`. It falls as t rises.
    For weights, give d/heaviest and t * (sum of the pool's weights)/(pool * heaviest). Raises ValueError
    for values outside [-1, 1], t outside [-1, 1], or more prompts than the pool has.
    """
    d, _ = _bounded(differences, None, 1.0, t)
    n = d.shape[-1]
    if n > pool:
        raise ValueError(f"the pool has {pool} prompts; got {n}")
    total = np.cumsum(d, axis=-1)
    left = pool - np.arange(n)
    mean_left = (pool * t - (total - d)) / left
    # Rounding in the sums must not turn a null that is just possible into an impossible one.
    mean_left = np.where(np.abs(np.abs(mean_left) - 1) < _ROUNDING, np.sign(mean_left), mean_left)
    inside = np.clip(mean_left, -1.0, 1.0)
    with np.errstate(divide="ignore"):
        largest = np.minimum(1 / (1 + inside), _LARGEST_BET)
    log_e = _mean_over_bets(largest * (d - inside))
    # What is left after the last prompt seen decides whether the null is impossible or certain by now.
    needed, room = pool * t - total, pool - np.arange(1, n + 1)
    impossible = np.logical_or.accumulate(needed < -room - _ROUNDING * pool, axis=-1)
    certain = np.logical_or.accumulate(needed >= room - _ROUNDING * pool, axis=-1) & ~impossible
    return np.where(impossible, np.inf, np.where(certain, -np.inf, log_e))


def log_wealth_of_counts(b: int, c: int) -> float:
    """log E of H0: gain <= 0 from the counts of prompts that rise and fall: a uniform bet on (0, 1).

    (b + c + 1) ln 2 + ln B(b + 1, c + 1) + ln(1 - I_{1/2}(b + 1, c + 1)), for pass or fail; it depends on
    no order. Raises ValueError for counts that are negative or not whole.
    """
    if b != int(b) or c != int(c) or b < 0 or c < 0:
        raise ValueError(f"counts must be whole numbers, 0 or more; got b={b}, c={c}")
    tail = float(betainc(c + 1, b + 1, 0.5))  # 1 - I_x(p, q) = I_{1-x}(q, p), without the difference
    if tail == 0:  # far more fall than rise; the same by the tail's own series, without underflow
        return float(math.log(hyp2f1(b + c + 2, 1, c + 2, 0.5) / (2 * (c + 1))))
    return float((b + c + 1) * math.log(2) + betaln(b + 1, c + 1) + math.log(tail))


def _mean_over_bets(excess: Floats) -> Floats:
    """log of the mean over bets of the product up to each prompt of (1 + bet * excess)."""
    wealth = np.cumsum(np.log1p(excess[..., None] * np.asarray(BETS)), axis=-2)
    largest = wealth.max(axis=-1)
    return np.asarray(largest + np.log(np.exp(wealth - largest[..., None]).mean(axis=-1)))


def _bounded(
    differences: ArrayLike, weights: ArrayLike | None, heaviest: float, t: float
) -> tuple[Floats, Floats]:
    d = np.asarray(differences, dtype=np.float64)
    m = (
        np.ones_like(d)
        if weights is None
        else np.broadcast_to(np.asarray(weights, dtype=np.float64), d.shape)
    )
    if d.ndim == 0 or d.shape[-1] == 0:
        raise ValueError(f"need one prompt at least; got shape {d.shape}")
    if not -1 <= t <= 1:
        raise ValueError(f"a gain lies between -1 and 1; got t = {t}")
    if not (np.abs(d) <= m + 1e-9).all() or not ((m > 0) & (m <= heaviest)).all():
        raise ValueError(
            "every difference must lie within its prompt's weight, and every weight above 0 and at most "
            f"heaviest = {heaviest}"
        )
    return d, m
