"""Whether the rest of a pool is worth generating: the chance that it changes the present verdict."""

from __future__ import annotations

import math

from scipy.special import ndtr, ndtri

from assay.stats.sequential.boundaries import critical_values
from assay.stats.sequential.evidence import Evidence, RepeatedGain
from assay.stats.verdict import Verdict
from assay.stats.verdicts import ClaimKind

__all__ = ["chance_of_change", "predictive_power"]


def predictive_power(z: float, share: float, bound: float) -> float:
    """Probability that a statistic that stands at z after this share of the prompts ends at the bound or above.

    Phi((z - bound sqrt(share)) / sqrt(1 - share)): the true drift is what the prompts so far say, with their
    uncertainty. share: strictly between 0 and 1. Source: Spiegelhalter, Freedman and Blackburn 1986,
    Control Clin Trials 7:8.
    """
    return float(ndtr((z - bound * math.sqrt(share)) / math.sqrt(1 - share)))


def chance_of_change(gain: Evidence, kind: ClaimKind, margin: float, alpha: float, verdict: Verdict) -> float:
    """The chance that the pool's last prompt brings another verdict than this one, at the likeliest of its ways.

    Each way is a null that is not rejected yet; further looks in between are left out, which makes the last
    bound a little lower and the chance a little larger than it is. 1 for the betting design, which has no
    end to speak of, and for verdicts that cannot change.
    """
    nulls = _nulls(kind, margin, verdict)
    if not isinstance(gain, RepeatedGain) or not nulls or gain.n >= gain.pool:
        return 1.0
    looks = (*gain.looks, gain.pool)
    bound = critical_values(looks, [gain.spending.spent(alpha, n / gain.pool) for n in looks])[-1]
    p_values = [gain.now.p_above(t) if upwards else gain.now.p_below(t) for upwards, t in nulls]
    return max(predictive_power(-float(ndtri(p)), gain.n / gain.pool, bound) for p in p_values)


def _nulls(kind: ClaimKind, margin: float, verdict: Verdict) -> tuple[tuple[bool, float], ...]:
    """(upwards, t) for each of {gain <= t}, or downwards {gain >= t}, whose rejection changes the word."""
    above, below = True, False
    if kind == "keeps":
        return {Verdict.UNDECIDED: ((above, -margin), (below, 0.0)), Verdict.KEPT: ((below, 0.0),)}.get(
            verdict, ()
        )
    return {
        Verdict.UNDECIDED: ((above, 0.0), (below, margin)),
        Verdict.NO_GAIN: ((above, 0.0), (below, 0.0)),
        Verdict.GAIN: ((above, margin), (below, margin)),
    }.get(verdict, ())
