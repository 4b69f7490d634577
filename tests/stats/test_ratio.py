"""Checks nested in prompts. Oracle: statsmodels' OLS with clustered errors (CR1)."""

import math

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import t as student

from assay.stats import ratio_interval, ratio_standard_error


def instructions(prompts: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(differences, weights) of prompts with one to three instructions that move together."""
    rng = np.random.default_rng(seed)
    weights = rng.choice([1, 2, 3], size=prompts, p=[0.55, 0.3, 0.15])
    moves = rng.choice([-1, 0, 1], size=prompts, p=[0.08, 0.8, 0.12])
    return moves * rng.integers(0, weights + 1), weights


@pytest.mark.parametrize("prompts", [5, 28, 541])
def test_standard_error_is_statsmodels_cr1_over_instructions(prompts: int) -> None:
    differences, weights = instructions(prompts, seed=prompts)
    rows = np.concatenate([
        np.sign(d) * (np.arange(m) < abs(d)) for d, m in zip(differences, weights, strict=True)
    ])  # fmt: skip
    groups = np.repeat(np.arange(prompts), weights)
    fit = sm.OLS(rows, np.ones(len(rows))).fit(cov_type="cluster", cov_kwds={"groups": groups})
    # statsmodels adds (N - 1)/(N - k) to CR1; with the mean alone, k = 1, that is 1.
    assert ratio_standard_error(differences, weights) == pytest.approx(float(fit.bse[0]), rel=1e-10)
    half = float(student.ppf(0.975, prompts - 1)) * float(fit.bse[0])
    centre = float(fit.params[0])
    assert ratio_interval(differences, weights, 0.95) == pytest.approx((centre - half, centre + half))


@given(st.lists(st.integers(-1, 1), min_size=2, max_size=60))
def test_with_one_check_a_prompt_it_is_the_paired_standard_error(differences: list[int]) -> None:
    n = len(differences)
    expected = math.sqrt(sum((d - sum(differences) / n) ** 2 for d in differences) / (n * (n - 1)))
    assert ratio_standard_error(differences, [1] * n) == pytest.approx(expected, abs=1e-12)


@given(st.lists(st.integers(-3, 3), min_size=2, max_size=40))
def test_exchanging_adapter_and_base_negates_the_interval(differences: list[int]) -> None:
    low, high = ratio_interval(differences, [3] * len(differences), 0.9)
    exchanged = ratio_interval([-d for d in differences], [3] * len(differences), 0.9)
    assert exchanged == pytest.approx((-high, -low), abs=1e-12)


def test_one_prompt_says_nothing_of_its_spread() -> None:
    assert ratio_interval([1], [2], 0.9) == (-math.inf, math.inf)
    assert ratio_standard_error([1], [2]) == math.inf


@pytest.mark.parametrize(
    ("differences", "weights", "message"),
    [
        ([1, 0], [1], "one weight for each"),
        ([], [], "one prompt at least"),
        ([1, 0], [1, 0], "above 0"),
        ([1, 0], [1, math.nan], "above 0"),
        ([1, math.nan], [1, 1], "prompt 1 lacks a difference"),
        ([[1, 0], [0, 1]], [1, 1], "one difference for each prompt"),
    ],
)
def test_unusable_prompts_are_refused(differences: list[float], weights: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ratio_interval(differences, weights, 0.9)
