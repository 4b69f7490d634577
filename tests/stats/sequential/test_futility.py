"""Stopping where the rest of the pool is unlikely to change the word."""

import numpy as np
import pytest

from assay.stats import Design, PairedGain, RepeatedGain, Verdict
from assay.stats.sequential import OBrienFleming, chance_of_change, predictive_power, stand
from tests.stats.sequential.test_design import ALPHA, MARGIN, POOL, drawn


def test_predictive_power_is_the_share_of_simulated_ends_beyond_the_bound() -> None:
    """Drift drawn from what the first part says of it under a flat prior, then the rest of the walk."""
    rng = np.random.default_rng(6)
    z, share, bound, draws = 1.1, 0.4, 1.8, 400_000
    drift = rng.normal(z / np.sqrt(share), 1 / np.sqrt(share), draws)
    end = z * np.sqrt(share) + drift * (1 - share) + np.sqrt(1 - share) * rng.standard_normal(draws)
    assert predictive_power(z, share, bound) == pytest.approx((end >= bound).mean(), abs=0.003)


def test_nothing_is_left_to_change_where_both_nulls_are_far_off() -> None:
    """No gain at 90 % of the pool, and a gain of nought: neither a rise nor a fall will be found."""
    d = np.concatenate([drawn(40, 40, 486), np.zeros(55)])
    gain = Design(POOL).evidence(d[:486])
    before = stand(gain, "gains", MARGIN, ALPHA, pool=POOL)
    after = stand(gain, "gains", MARGIN, ALPHA, pool=POOL, futility=0.05)
    assert (before.verdict, before.stops) == ("no gain", False)
    assert (after.verdict, after.futile, after.settled, after.ended, after.stops) == (
        "no gain", True, False, False, True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("b", "c", "kind", "verdict", "likely"),
    [
        (45, 36, "gains", "undecided", True),
        (60, 30, "gains", "gain", True),
        (30, 30, "gains", "no gain", False),
        (10, 28, "keeps", "undecided", True),
        (50, 30, "keeps", "kept", False),
    ],
)
def test_the_chance_looks_at_the_words_that_could_follow(
    b: int, c: int, kind: str, verdict: str, likely: bool
) -> None:
    gain = RepeatedGain((PairedGain(b, c, 400),), POOL, OBrienFleming())
    chance = chance_of_change(gain, kind, MARGIN, ALPHA, Verdict(verdict))  # type: ignore[arg-type]
    assert (chance >= 0.05) is likely


def test_settled_verdicts_the_end_of_the_pool_and_bets_are_not_futile() -> None:
    harmed = Design(POOL).evidence(drawn(20, 120)[:300])
    assert not stand(harmed, "gains", MARGIN, ALPHA, pool=POOL, futility=0.4).futile
    ended = Design(POOL).evidence(drawn(40, 40))
    assert not stand(ended, "gains", MARGIN, ALPHA, pool=POOL, futility=0.4).futile
    bets = Design(POOL, kind="betting").evidence(drawn(40, 40)[:486])
    assert chance_of_change(bets, "gains", MARGIN, ALPHA, Verdict.NO_GAIN) == 1


def test_a_chance_of_half_is_no_futility() -> None:
    with pytest.raises(ValueError, match="futility"):
        Design(POOL, futility=0.5)
