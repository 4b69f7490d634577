"""Noise: how far two passes may push a gain, what survives it, and batches that went wrong together."""

import numpy as np
import pytest
from scipy.stats import binom

from assay.stats import (
    ClusteredGain,
    PairedGain,
    Verdict,
    clustering_p,
    judge,
    noise_limit,
    paired_interval,
    survives_noise,
)


def test_the_limit_is_the_far_end_of_the_difference_of_changed_shares() -> None:
    base, adapter = np.zeros(200), np.zeros(200)
    base[:3], adapter[2:14] = 1, 1
    low, high = paired_interval(11, 2, 200, 0.9)
    assert noise_limit(base, adapter) == pytest.approx(high)
    assert noise_limit(adapter, base) == pytest.approx(high)
    assert low > 0


def test_equal_noise_leaves_a_small_limit_and_none_is_measured_below_150_prompts() -> None:
    none = np.zeros(150)
    assert noise_limit(none, none) == pytest.approx(paired_interval(0, 0, 150, 0.9)[1])
    assert noise_limit(none[1:], none[1:]) is None


def test_checks_count_as_much_as_they_move_the_gain() -> None:
    weights, base, adapter = np.full(200, 4.0), np.zeros(200), np.zeros(200)
    adapter[:30] = 1
    limit, whole = noise_limit(base, adapter, weights), noise_limit(base, adapter * 4, weights)
    assert limit is not None
    assert whole is not None
    assert limit < 0.1 < whole
    assert limit == pytest.approx(max(ClusteredGain(adapter, weights).interval(0.9)))


@pytest.mark.parametrize(
    ("gain", "verdict", "limit", "survives"),
    [
        (PairedGain(60, 20, 300), Verdict.CONFIRMED, 0.0, True),
        (PairedGain(60, 20, 300), Verdict.CONFIRMED, 0.06, False),
        (PairedGain(40, 20, 300), Verdict.GAIN, 0.01, True),
        (PairedGain(40, 20, 300), Verdict.GAIN, 0.04, False),
        (PairedGain(20, 40, 300), Verdict.HARMED, 0.01, True),
        (PairedGain(20, 40, 300), Verdict.HARMED, 0.04, False),
        (PairedGain(10, 10, 300), Verdict.NO_GAIN, 0.01, True),
        (PairedGain(10, 10, 300), Verdict.NO_GAIN, 0.04, False),
        (PairedGain(10, 10, 300), Verdict.KEPT, 0.01, True),
        (PairedGain(10, 10, 300), Verdict.KEPT, 0.04, False),
        (PairedGain(12, 2, 600), Verdict.TRIVIAL, 0.002, True),
        (PairedGain(12, 2, 600), Verdict.TRIVIAL, 0.012, False),
        (PairedGain(12, 2, 600), Verdict.TRIVIAL, 0.03, False),
        (PairedGain(30, 30, 300), Verdict.UNDECIDED, 0.5, True),
    ],
)
def test_a_word_survives_where_its_nulls_moved_by_the_limit_are_still_rejected(
    gain: PairedGain, verdict: Verdict, limit: float, survives: bool
) -> None:
    assert survives_noise(gain, verdict, 0.05, 0.05, limit) is survives


@pytest.mark.parametrize("changes", [np.zeros((2, 200)), np.zeros(160)])
def test_both_sides_are_asked_twice_on_the_same_prompts(changes: np.ndarray) -> None:
    with pytest.raises(ValueError, match="same prompts"):
        noise_limit(np.zeros(200), changes)


def test_batches_that_went_wrong_together_show_and_scattered_changes_do_not() -> None:
    rng = np.random.default_rng(3)
    batches = np.repeat(np.arange(20), 16)
    scattered = np.where(rng.random(320) < 0.05, rng.choice([-1, 1], 320), 0)
    outage = scattered.copy()
    outage[32:48] -= 1
    assert clustering_p(outage, batches, np.random.default_rng(1)) < 0.01
    assert clustering_p(scattered, batches, np.random.default_rng(1)) > 0.05
    assert clustering_p(np.zeros(320), batches, np.random.default_rng(1)) == 1
    with pytest.raises(ValueError, match="one batch for each"):
        clustering_p(outage, batches[1:], rng)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("passes", "loses", "wins"),
    [(0.3, 0.05, 0.05), (0.6, 0.05, 0.05), (0.8, 0.1, 0.1), (0.6, 0.05, 0.0), (0.8, 0.02, 0.0)],
)
def test_a_noisier_path_makes_no_harm_that_survives(passes: float, loses: float, wins: float) -> None:
    """The adapter answers as the base does, but its path flips scores; 541 prompts, 200 of them asked twice."""
    rng, studies, false, plain = np.random.default_rng(7), 400, 0, 0
    for _ in range(studies):
        truth = rng.random(541) < passes
        first, second = (truth ^ (rng.random(541) < np.where(truth, loses, wins)) for _ in range(2))
        gain = PairedGain(int((first & ~truth).sum()), int((truth & ~first).sum()), 541)
        limit = noise_limit(np.zeros(200), (first ^ second)[:200].astype(float))
        assert limit is not None
        word = judge(gain, "gains", 0.05, 0.05).verdict
        wrong = word is Verdict.HARMED or word.rises
        plain += wrong
        false += wrong and survives_noise(gain, word, 0.05, 0.05, limit)
    assert plain / studies > 0.2
    assert false <= binom.ppf(0.999, studies, 0.05)
