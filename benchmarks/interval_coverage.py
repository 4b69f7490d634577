"""How often intervals over seeds and configurations hold the truth.

    python benchmarks/interval_coverage.py                # about two minutes of one core
    python benchmarks/interval_coverage.py --studies 2000 # a trial

Recipes: prompts x seeds, variance .105 between prompts and .093 left over, n prompts, a standard deviation between seeds of 0 to .10;
`recipe_interval` against the recipe's gain. Mean squares are drawn from their laws, not from prompts: under normality that is the
same. Configurations: gains of K configurations with standard errors of .0165, independent or sharing .4 of their
variance, a standard deviation between configurations of 0 to .10; `next_interval` against the true gain of one more.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from assay.stats import next_interval
from assay.stats.pivots import TwoQuantiles

BETWEEN = (0.0, 0.02, 0.05, 0.10)
COUNTS = (2, 3, 4, 6, 10)
PROMPT, RESIDUAL, ERROR = 0.105, 0.093, 0.0165

Cell = tuple[float, float]
"""Coverage, median half width."""


def recipes(
    n: int, confidence: float, studies: int, generator: np.random.Generator
) -> Callable[[int, float], Cell]:
    """By seeds and the standard deviation between them."""

    def cell(seeds: int, between: float) -> Cell:
        rest = RESIDUAL / (n * seeds)
        of_prompt = np.sqrt((PROMPT / n + rest) * generator.chisquare(n - 1, studies) / (n - 1))
        of_seed = np.sqrt((between**2 / seeds + rest) * generator.chisquare(seeds - 1, studies) / (seeds - 1))
        estimates = generator.normal(0, math.sqrt(PROMPT / n + between**2 / seeds + rest), studies)
        halves = np.array(
            [
                TwoQuantiles(0.0, ((prompt, n - 1), (seed, seeds - 1))).half(confidence)
                for prompt, seed in zip(of_prompt, of_seed, strict=True)
            ]
        )
        return float((np.abs(estimates) <= halves).mean()), float(np.median(halves))

    return cell


def configurations(
    correlation: float, confidence: float, studies: int, generator: np.random.Generator
) -> Callable[[int, float], Cell]:
    """By configurations and the standard deviation between them."""

    def cell(count: int, between: float) -> Cell:
        shared = generator.normal(0, ERROR * math.sqrt(correlation), (studies, 1))
        own = generator.normal(0, ERROR * math.sqrt(1 - correlation), (studies, count))
        gains = generator.normal(0, between, (studies, count)) + shared + own
        following = generator.normal(0, between, studies)
        errors = np.full(count, ERROR)
        ends = np.array([next_interval(of_one, errors, confidence) for of_one in gains])
        held = (ends[:, 0] <= following) & (following <= ends[:, 1])
        return float(held.mean()), float(np.median(ends[:, 1] - ends[:, 0]) / 2)

    return cell


def main() -> None:
    """Every table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--studies", type=int, default=20_000)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    generator = np.random.default_rng(0)
    tables = {
        f"recipe, n = {n}, {confidence:.0%}": recipes(n, confidence, given.studies, generator)
        for confidence in (0.95, 0.90)
        for n in (541, 300)
    }
    tables |= {
        f"next configuration, correlation {correlation}, {confidence:.0%}": configurations(
            correlation, confidence, given.studies, generator
        )
        for confidence in (0.95, 0.90)
        for correlation in (0.0, 0.4)
    }
    found = {}
    for name, cell in tables.items():
        rows = {count: [cell(count, between) for between in BETWEEN] for count in COUNTS}
        found[name] = rows
        sys.stdout.write(f"{name}; sd {BETWEEN}\n")
        for count, cells in rows.items():
            sys.stdout.write(
                f"  {count:2d} " + " ".join(f"{held:.3f} ({half:.3f})" for held, half in cells) + "\n"
            )
        sys.stdout.flush()
    if given.json:
        given.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
