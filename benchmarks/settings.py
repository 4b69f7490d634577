"""Settings and seeds of a finished run beside statsmodels: variance split, mean over settings, prediction interval.

    python benchmarks/settings.py RUN        # of `studies/settings.yaml`, or of any study of recipes over seeds

The differences are read from the records; statsmodels' analysis of variance and `combine_effects` say the rest.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np
import pandas as pd
import statsmodels.formula.api as smf
from scipy.stats import t as student
from statsmodels.stats.anova import anova_lm
from statsmodels.stats.meta_analysis import combine_effects

import assay
from assay import stats
from assay.records import Store
from assay.runs import Run


def main() -> None:
    """Print both, recipe by recipe and label by label, and stop where they differ."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path)
    folder = parser.parse_args().run
    result = assay.decide(folder)
    with Run.open(folder) as run:
        bound, tasks, store = run.plan, run.tasks, run.records
        for label in result.labels:
            gains, variances = [], []
            for recipe in (one for one in result.recipes if one.metric == label.metric):
                task, _, metric = recipe.metric.rpartition(".")
                names = [one.name for one in bound.adapters if one.recipe == recipe.recipe]
                index = [one.name for one in tasks[task].metrics].index(metric)
                base = passed(store, recipe.base, task, tasks[task].scorer, index)
                y = np.stack(
                    [passed(store, name, task, tasks[task].scorer, index) - base for name in names], axis=1
                )
                split = components(y)
                ours = (recipe.var_prompt, recipe.var_seed, recipe.var_resid)
                print(f"{recipe.recipe:10}{recipe.gain:+.4f} {recipe.verdict:10} seeds {recipe.gains}")
                print(f"  prompt, seed, rest: {ours} statsmodels {split}")
                print(
                    f"  interval {recipe.interval}, next seed {recipe.next_seed}, flips {recipe.flip_rate:.4f}"
                )
                assert np.allclose(ours, np.maximum(split, 0), atol=1e-9)
                gains.append(float(y.mean()))
                variances.append(stats.RecipeGain(y, np.ones(len(y))).standard_error ** 2)
            spread = combine_effects(
                np.array(gains), np.array(variances), method_re="iterated", use_t=True, atol=1e-7
            )
            mean, error = spread.mean_effect_re, spread.sd_eff_w_re_hksj
            half = float(student.ppf(0.975, len(gains) - 2)) * math.sqrt(spread.tau2 + error**2)
            print(f"{label.metric}: mean {label.mean} / {mean}, tau2 {label.tau2} / {spread.tau2}")
            print(f"  next setting {label.prediction} / {(mean - half, mean + half)}")
            for setting in label.settings:
                print(f"  {setting}")


def passed(store: Store, name: str, task: str, scorer: str, index: int) -> np.ndarray:
    """(prompts,) 0 or 1."""
    scores = store.scores(name, task, scorer)
    assert scores is not None
    return scores.passed[:, 0, index].astype(float)


def components(y: np.ndarray) -> tuple[float, float, float]:
    """Between prompts, between seeds, the rest: from statsmodels' table."""
    n, seeds = y.shape
    frame = pd.DataFrame({
        "y": y.ravel(), "prompt": np.repeat(np.arange(n), seeds), "seed": np.tile(np.arange(seeds), n)
    })  # fmt: skip
    table = anova_lm(smf.ols("y ~ C(prompt) + C(seed)", frame).fit())
    prompt, seed, rest = (float(table["mean_sq"][row]) for row in ("C(prompt)", "C(seed)", "Residual"))
    return (prompt - rest) / seeds, (seed - rest) / n, rest


if __name__ == "__main__":
    main()
