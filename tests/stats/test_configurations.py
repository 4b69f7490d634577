"""Several configurations. Golden numbers: design note on statistics, section 5.2; oracle: statsmodels."""

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t as student
from statsmodels.stats.meta_analysis import combine_effects

from assay.stats import holm, holm_count, next_interval, partial_conjunction, random_effects

P = [0.001, 0.004, 0.02, 0.03, 0.2, 0.6]
EFFECTS = [0.06, 0.02, -0.03, 0.08, -0.10, 0.01]
ERRORS = np.array([0.02, 0.02, 0.025, 0.02, 0.025, 0.02])

p_values = st.lists(st.floats(0, 1), min_size=1, max_size=12)


def test_partial_conjunction_gives_the_published_p_values() -> None:
    assert partial_conjunction(P) == pytest.approx([0.006, 0.02, 0.08, 0.09, 0.4, 0.6])
    assert holm_count(P, 0.05) == 2


@given(p_values)
def test_partial_conjunction_is_the_worst_bonferroni_over_every_subset(values: list[float]) -> None:
    """At least u of K is rejected by Bonferroni on the worst K - u + 1 of them: the definition, by brute force."""
    values = values[:6]
    count = len(values)
    worst = [
        max(min(1.0, min(chosen) * len(chosen)) for chosen in combinations(values, count - u + 1))
        for u in range(1, count + 1)
    ]
    assert partial_conjunction(values) == pytest.approx(np.maximum.accumulate(worst))


@given(p_values, st.floats(0.001, 0.5))
def test_the_bound_from_partial_conjunctions_is_holms_count(values: list[float], alpha: float) -> None:
    assert holm_count(values, alpha) == int((partial_conjunction(values) <= alpha).sum())
    assert holm_count(values, alpha) == int((holm(values) <= alpha).sum())


def test_random_effects_give_the_published_heterogeneity() -> None:
    found = random_effects(EFFECTS, ERRORS**2)
    assert found.tau2 == pytest.approx(0.003692, abs=5e-7)
    assert found.i2 == pytest.approx(0.875, abs=5e-4)
    assert found.standard_error == pytest.approx(0.026345, abs=6e-7)
    assert found.prediction == next_interval(EFFECTS, ERRORS, 0.95)


@pytest.mark.parametrize("seed", range(8))
def test_random_effects_are_those_of_statsmodels(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(3, 12))
    variances = rng.uniform(0.01, 0.05, count) ** 2
    effects = rng.normal(0.02, 0.03 * (seed % 4), count) + rng.normal(0, np.sqrt(variances))
    # Its Newton steps stop at this tolerance; a tighter one is overshot by rounding and yields 0.
    oracle = combine_effects(effects, variances, method_re="iterated", use_t=True, atol=1e-7)
    found = random_effects(effects, variances)
    assert found.tau2 == pytest.approx(float(oracle.tau2), abs=1e-8)
    assert found.mean == pytest.approx(float(oracle.mean_effect_re), abs=1e-7)
    assert found.standard_error == pytest.approx(float(oracle.sd_eff_w_re_hksj), rel=1e-5)
    assert found.i2 == pytest.approx(max(0.0, float(oracle.i2)), abs=1e-9)


def test_two_configurations_predict_little() -> None:
    found = random_effects([0.1, -0.1], [0.0004, 0.0004])
    assert found.prediction[0] < -1
    assert found.mean == pytest.approx(0)
    assert found.tau2 == pytest.approx(0.02 - 0.0004)


def test_equal_estimates_show_no_heterogeneity() -> None:
    found = random_effects([0.03, 0.03, 0.03], [0.0001, 0.0002, 0.0003])
    assert (found.tau2, found.i2, found.standard_error) == pytest.approx((0, 0, 0))


@pytest.mark.parametrize(
    ("estimates", "variances"),
    [([0.1], [0.01]), ([0.1, 0.2], [0.01]), ([0.1, 0.2], [0.01, 0]), ([0.1, math.nan], [0.01, 0.01])],
)
def test_unusable_estimates_are_refused(estimates: list[float], variances: list[float]) -> None:
    with pytest.raises(ValueError, match=r"estimates"):
        random_effects(estimates, variances)


@pytest.mark.parametrize(
    ("gains", "errors", "interval"),
    [
        (EFFECTS, ERRORS, (-0.1738, 0.1872)),
        ([0.05, 0.06, 0.045], [0.0, 0.0, 0.0], (0.01372, 0.08961)),
        ([0.02, 0.08], [0.001, 0.0], (-0.61023, 0.71023)),
    ],
)
def test_the_golden_intervals_for_the_next_configuration(
    gains: list[float], errors: list[float], interval: tuple[float, float]
) -> None:
    assert next_interval(gains, errors, 0.95) == pytest.approx(interval, abs=5e-5)


def test_configurations_that_agree_leave_their_own_errors() -> None:
    half = student.ppf(0.95, 3) * 0.02 * (1 + 1 / 4) ** 0.5
    assert next_interval([0.1] * 4, [0.02] * 4, 0.9) == pytest.approx((0.1 - half, 0.1 + half))


@pytest.mark.parametrize("gains", [[0.1], [0.1, np.nan], [[0.1, 0.2]]])
def test_one_configuration_predicts_nothing(gains: list[float]) -> None:
    with pytest.raises(ValueError, match=r"two gains at least|finite"):
        next_interval(gains, np.full(np.shape(gains), 0.02), 0.95)


@pytest.mark.slow
@pytest.mark.parametrize("correlation", [0.0, 0.4])
@pytest.mark.parametrize("between", [0.0, 0.02, 0.05, 0.1])
@pytest.mark.parametrize("count", [2, 3, 4, 6, 10])
def test_the_next_configurations_gain_lies_in_its_interval(
    count: int, between: float, correlation: float
) -> None:
    """The note: .945 to 1.00 in every cell, the next gain being the true one; 541 prompts, error .0165."""
    rng, studies, error, covered = np.random.default_rng([count, int(100 * between)]), 4000, 0.0165, 0
    for _ in range(studies):
        shared = rng.normal(0, error * correlation**0.5)
        gains = (
            rng.normal(0, between, count) + shared + rng.normal(0, error * (1 - correlation) ** 0.5, count)
        )
        low, high = next_interval(gains, np.full(count, error), 0.95)
        covered += low <= rng.normal(0, between) <= high
    assert covered / studies > 0.95 - 3 * (0.95 * 0.05 / studies) ** 0.5
