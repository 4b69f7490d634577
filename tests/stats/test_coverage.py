"""Coverage of intervals, and error rates of verdicts that no sum over tables gives, by simulation.

What they should be: design note on statistics, sections 2, 3 and 5.1. Pass or fail: `test_enumeration.py`.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from assay.stats import (
    ClusteredGain,
    Gain,
    RecipeGain,
    ratio_interval,
    tango_interval,
)
from assay.stats.verdicts import verdict
from tests.stats.oracles import weighed_tables

pytestmark = pytest.mark.slow

ALPHA, MARGIN = 0.05, 0.05
RISES, BELOW_MARGIN = ("confirmed", "gain", "trivial"), ("trivial", "no gain", "harmed")
Floats = NDArray[np.float64]


@pytest.mark.parametrize(
    ("n", "discordance", "gain", "simulated"),
    [
        (28, 0.10, 0.05, 0.983),
        (28, 0.05, 0.03, 0.996),
        (50, 0.05, 0.03, 0.986),
        (100, 0.05, 0.03, 0.934),
        (300, 0.10, 0.05, 0.947),
        (541, 0.25, 0.10, 0.943),
    ],
)
def test_tango_covers_as_the_design_note_simulated(
    n: int, discordance: float, gain: float, simulated: float
) -> None:
    """An exact sum over tables; the note's figures come from 1,500 simulated ones."""
    covered = 0.0
    for b, c, p in weighed_tables(n, discordance, gain):
        low, high = tango_interval(b, c, n, 0.95)
        covered += p * (low <= gain <= high)
    noise = 3 * (simulated * (1 - simulated) / 1500) ** 0.5
    assert covered == pytest.approx(simulated, abs=noise)
    assert covered > 0.938


def total(words: Counter[str], wanted: Iterable[str]) -> float:
    return float(sum(words[word] for word in wanted))


def instructions(
    rng: np.random.Generator, n: int, up: float, down: float, whole: bool
) -> Iterator[tuple[Floats, Floats, float]]:
    """(differences, weights, true gain) of prompts with one to three instructions, all of which move or some."""
    sizes, shares = np.array([1, 2, 3]), np.array([0.55, 0.35, 0.10])
    moved = sizes if whole else (sizes + 1) / 2
    gain = float((up - down) * (shares * moved).sum() / (shares * sizes).sum())
    while True:
        weights = rng.choice(sizes, n, p=shares)
        moves = rng.choice([1, -1, 0], n, p=[up, down, 1 - up - down])
        yield moves * (weights if whole else rng.integers(1, weights + 1)), weights, gain


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("n", [28, 100, 541])
def test_the_ratio_interval_covers_instructions_from_28_prompts_up(n: int, whole: bool) -> None:
    """The note: 94.2 to 95.4 %."""
    rng = np.random.default_rng([n, whole])
    draws, covered = 3000, 0
    for _, (differences, weights, gain) in zip(
        range(draws), instructions(rng, n, 0.2, 0.1, whole), strict=False
    ):
        low, high = ratio_interval(differences, weights, 0.95)
        covered += low <= gain <= high
    assert covered / draws == pytest.approx(0.948, abs=0.006 + 3 * (0.95 * 0.05 / draws) ** 0.5)


def crossed(
    rng: np.random.Generator, shape: tuple[int, int], seed_sd: float, up: float, down: float
) -> Iterator[tuple[Floats, float]]:
    """(differences, true gain): prompts lean up, down or neither; each seed shifts every prompt's mean."""
    n, seeds = shape
    while True:
        lean = rng.choice([0.8, -0.8, 0.0], (n, 1), p=[up, down, 1 - up - down])
        mean = np.clip(lean + rng.normal(0, seed_sd, (1, seeds)), -1, 1)
        moving = np.maximum(np.abs(mean), 0.15)
        draw = rng.random(shape)
        yield np.where(draw < (moving + mean) / 2, 1.0, np.where(draw < moving, -1.0, 0.0)), 0.8 * (up - down)


def simulated_words(draws: int, draw: Callable[[], Gain]) -> Counter[str]:
    return Counter(verdict(draw(), "gains", MARGIN, ALPHA) for _ in range(draws))


def assert_rare(errors: int, draws: int) -> None:
    assert errors / draws <= ALPHA + 3 * (ALPHA * (1 - ALPHA) / draws) ** 0.5


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize(("n", "spare"), [(28, 0.0), (40, 0.0), (60, 0.03), (100, 0.0), (300, 0.1)])
def test_instruction_verdicts_err_no_more_often_than_alpha_however_few_prompts_differ(
    n: int, spare: float, whole: bool
) -> None:
    rng = np.random.default_rng([n, int(100 * spare), whole])
    draws = 800
    for up, down, wrong in (
        (0.05 + spare, 0.05 + spare, RISES),
        (0.05 + spare, 0.05 + spare, ("harmed",)),
        (MARGIN * (1 if whole else 1.55 / 1.275) + spare, spare, BELOW_MARGIN),
    ):
        source = instructions(rng, n, up, down, whole)

        def draw(source: Iterator[tuple[Floats, Floats, float]] = source) -> Gain:
            differences, weights, _ = next(source)
            return ClusteredGain(differences, weights)

        words = simulated_words(draws, draw)
        assert_rare(int(total(words, wrong)), draws)


@pytest.mark.parametrize("seed_sd", [0.0, 0.02, 0.05])
@pytest.mark.parametrize(("n", "seeds"), [(60, 2), (60, 3), (541, 2), (541, 3), (541, 10)])
def test_recipe_verdicts_err_no_more_often_than_alpha_with_any_number_of_seeds(
    n: int, seeds: int, seed_sd: float
) -> None:
    rng = np.random.default_rng([n, seeds, int(100 * seed_sd)])
    draws = 600
    for up, wrong in ((0.1, RISES), (0.1, ("harmed",)), (0.1 + MARGIN / 0.8, BELOW_MARGIN)):
        source = crossed(rng, (n, seeds), seed_sd, up, 0.1)

        def draw(source: Iterator[tuple[Floats, float]] = source) -> Gain:
            return RecipeGain(next(source)[0], np.ones(n))

        words = simulated_words(draws, draw)
        assert_rare(int(total(words, wrong)), draws)
