"""Power and sample size. Sources: the tables of the statistics design, and simulation of the verdicts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.stats import (
    PairedGain,
    RecipeVariances,
    detectable_gain,
    detectable_recipe_gain,
    detectable_recipe_gain_if_known,
    mcnemar_power,
    paired_power,
    prompts_for_equivalence,
    prompts_to_detect,
    prompts_to_exclude,
    recipe_interval,
)
from tests.often import first_often
from tests.stats.oracles import weighed_tables

TWO_SIDED = 0.025
"""One-sided alpha of a two-sided test at .05, as in the tables."""
SEEDS = RecipeVariances(prompt=0.08, seed=0.03**2, resid=0.12)


@pytest.mark.parametrize(
    ("discordance", "prompts"),
    [(0.08, 249), (0.10, 312), (0.15, 469), (0.20, 626), (0.25, 783), (0.30, 940), (0.40, 1254)],
)
def test_prompts_for_five_points_are_connors(discordance: float, prompts: int) -> None:
    assert prompts_to_detect(0.05, discordance, TWO_SIDED) == prompts


@pytest.mark.parametrize(("discordance", "prompts"), [(0.10, 595), (0.20, 1192), (0.30, 1790)])
def test_a_family_of_twenty_needs_twice_the_prompts(discordance: float, prompts: int) -> None:
    assert prompts_to_detect(0.05, discordance, TWO_SIDED / 20) == prompts


@pytest.mark.parametrize(
    ("n", "discordance", "gain", "null", "power"),
    [
        (100, 0.1, 0.05, 0.0, 0.455),
        (100, 0.2, 0.10, 0.05, 0.296),
        (300, 0.2, 0.05, 0.0, 0.617),
        (300, 0.1, 0.10, 0.05, 0.954),
        (300, 0.3, 0.00, -0.05, 0.472),
        (541, 0.2, 0.00, -0.05, 0.826),
    ],
)
def test_power_is_the_design_notes(
    n: int, discordance: float, gain: float, null: float, power: float
) -> None:
    """Of a rise, of `confirmed`, and of `no gain` (the mirror image of `kept`)."""
    assert paired_power(n, discordance, gain, 0.05, null) == pytest.approx(power, abs=6e-4)


@pytest.mark.parametrize(("n", "discordance", "gain"), [(40, 0.3, 0.2), (60, 0.1, 0.05), (25, 1.0, 0.4)])
def test_power_is_the_sum_over_all_tables(n: int, discordance: float, gain: float) -> None:
    shown = [
        p
        for b, c, p in weighed_tables(n, discordance, gain)
        if PairedGain(b, c, n).rejects_above(0.0, TWO_SIDED)
    ]
    assert paired_power(n, discordance, gain, TWO_SIDED) == pytest.approx(sum(shown), abs=1e-4)


def test_too_few_differing_prompts_have_no_power() -> None:
    assert paired_power(3, 0.5, 0.5, 0.01) == 0


@pytest.mark.parametrize("n", first_often([30, 50, 100, 150, 300]))
def test_twice_the_prompts_have_no_less_power(n: int) -> None:
    for null, gain in ((0.0, 0.06), (0.05, 0.12), (-0.05, 0.0)):
        few, many = (paired_power(size, 0.2, gain, 0.05, null) for size in (n, 2 * n))
        assert many >= few


@pytest.mark.parametrize(
    ("n", "gains"),
    [
        (100, (None, 0.088, 0.124, 0.152)),
        (200, (0.044, 0.062, 0.088, 0.108)),
        (541, (0.027, 0.038, 0.054, 0.066)),
        (1319, (0.017, 0.024, 0.034, 0.042)),
        (28, (None, None, None, 0.278)),
    ],
)
def test_detectable_gains_are_the_tables(n: int, gains: tuple[float | None, ...]) -> None:
    found = [detectable_gain(n, discordance, TWO_SIDED) for discordance in (0.05, 0.10, 0.20, 0.30)]
    assert [gain and round(gain, 3) for gain in found] == list(gains)


@pytest.mark.parametrize(("discordance", "prompts"), [(0.1, 248), (0.2, 495), (0.3, 742)])
def test_prompts_that_exclude_five_points_are_the_tables(discordance: float, prompts: int) -> None:
    assert prompts_to_exclude(0.05, discordance, 0.05) == prompts


@pytest.mark.parametrize(("margin", "prompts"), [(0.05, (343, 686, 1028)), (0.03, (952, 1904, 2855))])
def test_prompts_for_equivalence_are_the_tables(margin: float, prompts: tuple[int, ...]) -> None:
    assert tuple(prompts_for_equivalence(margin, share, 0.05) for share in (0.1, 0.2, 0.3)) == prompts


@pytest.mark.parametrize(("seeds", "gain"), [(1, 0.100), (3, 0.064), (5, 0.054), (10, 0.045)])
def test_recipe_gains_with_known_variances_are_the_tables(seeds: int, gain: float) -> None:
    assert round(detectable_recipe_gain_if_known(541, seeds, SEEDS, TWO_SIDED), 3) == gain


@given(
    n=st.integers(30, 5000),
    discordance=st.floats(0.02, 1),
    alpha=st.floats(0.0005, 0.2),
    power=st.floats(0.5, 0.99),
)
def test_detectable_gain_and_prompts_to_detect_are_each_others_inverse(
    n: int, discordance: float, alpha: float, power: float
) -> None:
    gain = detectable_gain(n, discordance, alpha, power)
    if gain is None:
        assert prompts_to_detect(discordance, discordance, alpha, power) > n
    else:
        assert abs(prompts_to_detect(gain, discordance, alpha, power) - n) <= 1
        if gain < 0.999 * discordance:
            assert mcnemar_power(n, discordance, gain, alpha) == pytest.approx(power, abs=1e-6)


@pytest.mark.slow
@given(seeds=st.integers(2, 30), n=st.integers(20, 3000))
def test_unknown_variances_never_make_a_smaller_gain_detectable(seeds: int, n: int) -> None:
    known = detectable_recipe_gain_if_known(n, seeds, SEEDS, 0.05)
    found = detectable_recipe_gain(n, seeds, SEEDS, 0.05)
    assert found is None or found >= known


def test_many_prompts_leave_what_the_seeds_bring() -> None:
    few, many = (detectable_recipe_gain(n, 3, SEEDS, 0.05) for n in (541, 10**9))
    assert few is not None
    assert many is not None
    assert 0.6 * few < many < few


def test_a_recipe_without_variation_shows_any_gain() -> None:
    assert detectable_recipe_gain(100, 3, RecipeVariances(0, 0, 0), 0.05) == 0


def test_seeds_that_scatter_widely_show_nothing() -> None:
    assert detectable_recipe_gain(500, 2, RecipeVariances(0.1, 0.5, 0.1), 0.01) is None


def test_a_detectable_gain_is_shown_by_the_verdict_as_often_as_said() -> None:
    n, discordance, alpha = 541, 0.2, 0.05
    gain = detectable_gain(n, discordance, alpha)
    assert gain is not None
    rng = np.random.default_rng(1)
    shares = [(discordance + gain) / 2, (discordance - gain) / 2, 1 - discordance]
    tables = rng.multinomial(n, shares, size=800)
    shown = np.mean([PairedGain(int(b), int(c), n).rejects_above(0.0, alpha) for b, c, _ in tables])
    assert shown == pytest.approx(0.8, abs=0.035)


def test_a_margin_is_excluded_by_the_verdict_as_often_as_said() -> None:
    n = prompts_to_exclude(0.05, 0.2, 0.05)
    rng = np.random.default_rng(2)
    tables = rng.multinomial(n, [0.1, 0.1, 0.8], size=800)
    excluded = np.mean([PairedGain(int(b), int(c), n).rejects_below(0.05, 0.05) for b, c, _ in tables])
    assert excluded == pytest.approx(0.8, abs=0.035)


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_a_detectable_recipe_gain_is_shown_by_its_interval_as_often_as_said(seeds: int) -> None:
    n, alpha, trials = 300, 0.05, 1500
    gain = detectable_recipe_gain(n, seeds, SEEDS, alpha)
    assert gain is not None
    rng = np.random.default_rng(seeds)
    shown = 0
    for _ in range(trials):
        of_prompt = rng.normal(0, SEEDS.prompt**0.5, (n, 1))
        of_seed = rng.normal(0, SEEDS.seed**0.5, (1, seeds))
        y = gain + of_prompt + of_seed + rng.normal(0, SEEDS.resid**0.5, (n, seeds))
        shown += recipe_interval(y, None, 1 - 2 * alpha)[0] > 0
    assert shown / trials == pytest.approx(0.8, abs=0.04)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: prompts_to_detect(0.3, 0.2, 0.05), "not above the discordance 0.2; got 0.3"),
        (lambda: prompts_to_detect(0.1, 0, 0.05), "discordance is a share"),
        (lambda: prompts_to_exclude(0.05, 0.2, 0.5), "alpha must lie between 0 and 0.5"),
        (lambda: prompts_to_exclude(1.0, 0.2, 0.05), "margin must lie"),
        (lambda: prompts_to_detect(0.1, 0.2, 0.05, 1.0), "power must be"),
        (lambda: detectable_gain(0, 0.2, 0.05), "at least one prompt"),
        (lambda: mcnemar_power(10, 0.2, 0.3, 0.05), "cannot exceed the discordance"),
        (lambda: detectable_recipe_gain(100, 1, SEEDS, 0.05), "2 or more prompts and seeds"),
        (lambda: RecipeVariances(-0.1, 0, 0), "0 or more"),
    ],
)
def test_what_no_study_can_have_is_refused(call: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()  # type: ignore[operator]
