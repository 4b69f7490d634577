"""Crossed prompts and seeds. Oracles: statsmodels' MixedLM, and the one-seed formulas."""

import math
import warnings

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from numpy.typing import NDArray
from scipy.stats import t as student
from statsmodels.stats.anova import anova_lm

from assay.stats import (
    next_seed_interval,
    ratio_standard_error,
    recipe_interval,
    seed_components,
)
from assay.stats.seeds import recipe_pivot


def crossed(prompts: int, seeds: int, seed: int = 3) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    of_prompt, of_seed = rng.normal(0, 0.3, (prompts, 1)), rng.normal(0.05, 0.1, (1, seeds))
    return np.asarray(of_prompt + of_seed + rng.normal(0, 0.3, (prompts, seeds)))


@pytest.mark.slow
def test_variance_components_are_those_of_a_mixed_model() -> None:
    prompts, seeds = 60, 6
    y = crossed(prompts, seeds)
    frame = pd.DataFrame({
        "y": y.ravel(),
        "prompt": np.repeat(np.arange(prompts), seeds),
        "seed": np.tile(np.arange(seeds), prompts),
        "one": 1,
    })  # fmt: skip
    model = smf.mixedlm(
        "y ~ 1", frame, groups="one", vc_formula={"prompt": "0 + C(prompt)", "seed": "0 + C(seed)"}
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = model.fit(reml=True)
    found = seed_components(y)
    variances = dict(zip(model.exog_vc.names, fit.vcomp, strict=True))
    assert found.var_prompt == pytest.approx(variances["prompt"], rel=1e-3)
    assert found.var_seed == pytest.approx(variances["seed"], rel=1e-3)
    assert found.var_resid == pytest.approx(fit.scale, rel=1e-3)
    assert found.se_both == pytest.approx(fit.bse["Intercept"], rel=1e-3)


def test_standard_errors_are_those_of_row_and_column_means() -> None:
    y = crossed(40, 5)
    found = seed_components(y)
    assert found.se_prompt == pytest.approx(y.mean(axis=1).std(ddof=1) / math.sqrt(40))
    assert found.se_seed == pytest.approx(y.mean(axis=0).std(ddof=1) / math.sqrt(5))


def test_weighted_standard_errors_are_the_ratio_estimators_and_of_the_seeds_gains() -> None:
    rng = np.random.default_rng(5)
    weights = rng.integers(1, 4, 50)
    y = rng.integers(-1, 2, (50, 4)) * weights[:, None]
    found = seed_components(y, weights)
    gains = y.sum(axis=0) / weights.sum()
    assert found.se_prompt == pytest.approx(ratio_standard_error(y.mean(axis=1), weights))
    assert found.se_seed == pytest.approx(gains.std(ddof=1) / 2)


def test_the_next_seed_is_predicted_as_one_more_normal_value() -> None:
    """Two prompts that rise and fall as one another leave the seeds' gains alone: the textbook's interval."""
    gains = np.array([0.1, 0.2, 0.15, 0.32])
    half = float(student.ppf(0.975, 3)) * gains.std(ddof=1) * math.sqrt(1 + 1 / 4)
    expected = gains.mean() - half, gains.mean() + half
    assert next_seed_interval(np.tile(gains, (30, 1)), None, 0.95) == pytest.approx(expected)
    assert next_seed_interval(2 * np.tile(gains, (30, 1)), np.full(30, 2.0), 0.95) == pytest.approx(expected)
    assert next_seed_interval([[0.1, 0.2]], None, 0.95) == (-math.inf, math.inf)


@pytest.mark.slow
@pytest.mark.parametrize(("seeds", "spread"), [(3, 0.05), (5, 0.05), (5, 0.01), (10, 0.02)])
def test_the_next_seeds_gain_lies_in_its_interval_as_often_as_said(seeds: int, spread: float) -> None:
    """On prompts of this kind. Where seeds matter little the residual makes the interval too wide."""
    rng = np.random.default_rng(8)
    inside = 0
    for _ in range(1000):
        of_seed = rng.normal(0, spread, seeds + 1)
        y = rng.normal(0, 0.3, (200, 1)) + of_seed[:seeds] + rng.normal(0, 0.3, (200, seeds))
        low, high = next_seed_interval(y, None, 0.95)
        inside += low <= of_seed[-1] <= high
    assert inside / 1000 >= 0.95 - 3 * (0.95 * 0.05 / 1000) ** 0.5


def test_variance_components_are_the_anova_tables() -> None:
    """statsmodels' two-way table without interaction gives the mean squares that they are made of."""
    n, seeds = 25, 4
    y = crossed(n, seeds)
    frame = pd.DataFrame({
        "y": y.ravel(), "prompt": np.repeat(np.arange(n), seeds), "seed": np.tile(np.arange(seeds), n)
    })  # fmt: skip
    table = anova_lm(smf.ols("y ~ C(prompt) + C(seed)", frame).fit())
    prompt, seed, error = (table["mean_sq"][row] for row in ("C(prompt)", "C(seed)", "Residual"))
    found = seed_components(y)
    assert found.var_prompt == pytest.approx((prompt - error) / seeds)
    assert found.var_seed == pytest.approx((seed - error) / n)
    assert found.var_resid == pytest.approx(error)


def test_seeds_that_agree_add_nothing_to_the_prompts() -> None:
    d = np.repeat(np.array([1, 0, -1, 0, 1, 1, 0, 0.0])[:, None], 3, axis=1)
    found = seed_components(d)
    assert (found.var_seed, found.var_resid, found.flip_rate) == (0, 0, 0)
    half = float(student.ppf(0.95, 7)) * found.se_prompt
    assert recipe_interval(d, None, 0.9) == pytest.approx((0.25 - half, 0.25 + half))


def test_flip_rate_counts_the_pairs_of_seeds_that_disagree() -> None:
    d = [[1, 1, 0], [0, 0, 0], [-1, 0, 1], [1, 1, 1]]
    assert seed_components(d).flip_rate == pytest.approx((2 / 3 + 0 + 1 + 0) / 4)


def test_negative_variance_estimates_are_shown_as_nought() -> None:
    assert seed_components([[1, 0], [0, 1], [1, 0], [0, 1]]).var_prompt == 0


def test_no_difference_anywhere_is_no_error() -> None:
    assert recipe_interval(np.zeros((6, 3)), None, 0.9) == (0, 0)


def test_one_prompt_says_nothing_of_other_prompts() -> None:
    assert recipe_interval([[1, 0]], [1], 0.9) == (-math.inf, math.inf)
    with pytest.raises(ValueError, match="two prompts"):
        seed_components([[1, 0]])


@pytest.mark.parametrize(
    ("differences", "message"),
    [
        ([[1], [0]], "two seeds at least"),
        ([1, 0], "two seeds at least"),
        ([[1, 0], [math.nan, 1]], "prompt 1 lacks a difference"),
    ],
)
def test_single_seeds_and_missing_cells_are_refused(differences: list[list[float]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        recipe_interval(differences, None, 0.9)
    with pytest.raises(ValueError, match=message):
        seed_components(differences)


TWO_QUANTILES = np.array(
    [[1, 1, 0], [0, 0, 0], [-1, 0, -1], [1, 1, 1], [0, 0, 0], [0, 1, 0], [0, 0, 0], [1, 0, 0], [0, 0, -1], [0, 0, 0]]
)  # fmt: skip
WEIGHTS = [1, 2, 1, 1, 3, 1, 1, 2, 1, 1]


@pytest.mark.parametrize(
    ("weights", "confidence", "interval"),
    [
        (None, 0.95, (-0.48606, 0.75273)),
        (None, 0.90, (-0.31331, 0.57998)),
        (WEIGHTS, 0.95, (-0.34974, 0.54022)),
        (WEIGHTS, 0.90, (-0.22611, 0.41659)),
    ],
)
def test_the_golden_recipe_intervals(
    weights: list[int] | None, confidence: float, interval: tuple[float, float]
) -> None:
    assert recipe_interval(TWO_QUANTILES, weights, confidence) == pytest.approx(interval, abs=5e-6)


def test_a_recipes_interval_takes_a_quantile_for_prompts_and_one_for_seeds() -> None:
    y = crossed(40, 4)
    of_prompt, of_seed = y.mean(axis=1).std(ddof=1) / 40**0.5, y.mean(axis=0).std(ddof=1) / 2
    half = math.hypot(student.ppf(0.975, 39) * of_prompt, student.ppf(0.975, 3) * of_seed)
    assert recipe_interval(y, None, 0.95) == pytest.approx((y.mean() - half, y.mean() + half))


@pytest.mark.parametrize("confidence", [0.02, 0.5, 0.9, 0.9999])
def test_a_recipes_p_values_are_the_level_at_which_an_end_reaches_the_null(confidence: float) -> None:
    pivot = recipe_pivot(TWO_QUANTILES)
    low, high = pivot.interval(confidence)
    assert pivot.p_above(low) == pytest.approx((1 - confidence) / 2)
    assert pivot.p_below(high) == pytest.approx((1 - confidence) / 2)
    assert pivot.p_above(high) == pytest.approx((1 + confidence) / 2)


def test_a_recipe_of_seeds_and_prompts_that_agree_is_certain() -> None:
    pivot = recipe_pivot(np.ones((3, 2)))
    assert (pivot.p_above(0.9), pivot.p_above(1.1), pivot.interval(0.9)) == (0, 1, (1, 1))


@pytest.mark.slow
@pytest.mark.parametrize("seed_sd", [0.0, 0.02, 0.05, 0.1])
@pytest.mark.parametrize("seeds", [2, 3, 6])
def test_the_recipe_interval_covers_at_least_its_confidence_with_any_number_of_seeds(
    seeds: int, seed_sd: float
) -> None:
    """The note: .956 to .994 for 95 %, prompts' variance .105, residual .093."""
    rng, studies, n, covered = np.random.default_rng([seeds, int(100 * seed_sd)]), 3000, 100, 0
    for _ in range(studies):
        y = rng.normal(0, 0.105**0.5, (n, 1)) + rng.normal(0, seed_sd, (1, seeds))
        low, high = recipe_interval(y + rng.normal(0, 0.093**0.5, (n, seeds)), None, 0.95)
        covered += low <= 0 <= high
    assert covered / studies > 0.95 - 3 * (0.95 * 0.05 / studies) ** 0.5
