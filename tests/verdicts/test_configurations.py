"""Two bases, two recipes of three seeds on each: recurrence, recipe verdicts and sensitivity, by hand."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import yaml
from scipy.stats import t

import assay
from tests.studies import examples, one_task_study, responses, table, write_study

N = 400
# Prompts on which (recipe, base, seed) passes where its base fails, and fails where its base passes.
# Blocks are laid out from the start and the end of the prompts, so that seeds overlap in a known way.
TABLES = {
    ("good", "one"): [(70, 20), (64, 16), (60, 10)],  # gains .125 .12 .125
    ("good", "two"): [(60, 20), (52, 20), (56, 20)],  # gains .10 .08 .09
    ("bad", "one"): [(10, 50), (12, 48), (10, 60)],  # gains -.10 -.09 -.125
    ("bad", "two"): [(20, 30), (22, 26), (18, 28)],  # gains -.025 -.01 -.025
}
BASE_FAILS = 200
"""Prompts 0 to 199 are failed by each base, the others passed."""


def passes(better: int, worse: int) -> list[bool]:
    return [i < better if i < BASE_FAILS else i < N - worse for i in range(N)]


def differences(better: int, worse: int) -> np.ndarray:
    return np.array([1.0] * better + [0.0] * (N - better - worse) + [-1.0] * worse)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> assay.Result:
    folder = tmp_path_factory.mktemp("configurations")
    examples(folder, N)
    base = [i >= BASE_FAILS for i in range(N)]
    bases = [
        {"name": name, "responses": {"math": responses(folder / f"{name}.jsonl", base)}}
        for name in ("one", "two")
    ]
    adapters = []
    for (recipe, on), seeds in TABLES.items():
        for seed, (better, worse) in enumerate(seeds):
            name = f"{recipe}-{on}-{seed}"
            file = responses(folder / f"{name}.jsonl", passes(better, worse))
            adapters.append(
                {
                    "name": name,
                    "base": on,
                    "label": "numeric",
                    "recipe": recipe,
                    "seed": seed,
                    "settings": {"rank": 8 if recipe == "good" else 64},
                    "responses": {"math": file},
                }
            )
    study = write_study(
        folder,
        {
            "name": "configurations",
            "bases": bases,
            "adapters": adapters,
            "tasks": [{"task": "numeric", "name": "math", "examples": "examples.jsonl"}],
        },
    )
    return assay.run(study, folder / "run")


def by_hand(recipe: str, base: str, alpha: float = 0.05) -> tuple[float, float]:
    """Mean gain, and half the interval with alpha on each side: a quantile for prompts and one for seeds."""
    d = np.column_stack([differences(*counts) for counts in TABLES[recipe, base]])
    of_prompt = d.mean(axis=1).var(ddof=1) / N
    of_seed = d.mean(axis=0).var(ddof=1) / 3
    half = math.hypot(t.isf(alpha, N - 1) * math.sqrt(of_prompt), t.isf(alpha, 2) * math.sqrt(of_seed))
    return float(d.mean()), half


@pytest.mark.parametrize(("recipe", "base"), TABLES)
def test_a_recipe_is_judged_with_seeds_as_a_random_effect(
    result: assay.Result, recipe: str, base: str
) -> None:
    found = next(entry for entry in result.recipes if (entry.recipe, entry.base) == (recipe, base))
    mean, half = by_hand(recipe, base)
    assert found.gain == pytest.approx(mean)
    assert found.interval == pytest.approx((mean - half, mean + half))
    assert found.gains == pytest.approx([(b - c) / N for b, c in TABLES[recipe, base]])
    assert (found.seeds, found.n) == ((0, 1, 2), N)
    assert found.level == pytest.approx(0.9)


def test_the_recipes_verdicts_are_those_of_their_intervals(result: assay.Result) -> None:
    verdicts = {(entry.recipe, entry.base): entry.verdict for entry in result.recipes}
    assert verdicts == {
        ("good", "one"): "confirmed",
        ("good", "two"): "confirmed",
        ("bad", "one"): "harmed",
        ("bad", "two"): "no gain",
    }


def test_the_label_is_recurrent_and_not_universal_by_holm(result: assay.Result) -> None:
    (label,) = result.labels

    def steps_down(sign: int, null: float) -> int:
        """Holm's, asking each interval at the level of the step."""
        count = 0
        while count < 4:
            found = [by_hand(*key, alpha=0.05 / (4 - count)) for key in TABLES]
            beyond = sum(sign * (mean - null) > half for mean, half in found)
            if beyond <= count:
                break
            count += 1
        return count

    assert (label.fails, label.holds) == (steps_down(-1, 0.05), steps_down(1, 0.0)) == (2, 2)
    assert (label.configurations, label.recurrent, label.not_universal) == (4, True, True)
    assert (
        "4 configurations (a recipe on a base): it fails in at least 2 and holds in at least 2"
        in label.statement
    )
    assert "(fails: a gain of the margin or more is excluded; holds: a gain is shown)" in label.statement
    assert label.statement.endswith(
        "The failure is recurrent (in 2 configurations or more) and is not universal (in all)."
    )


def test_the_next_configuration_can_go_either_way(result: assay.Result) -> None:
    (label,) = result.labels
    assert label.prediction is not None
    assert label.prediction[0] < 0 < label.prediction[1]
    assert label.i2 is not None
    assert label.i2 > 0.9


def test_settings_are_compared_over_recipes_and_bases(result: assay.Result) -> None:
    (label,) = result.labels
    good = [by_hand("good", base)[0] for base in ("one", "two")]
    bad = [by_hand("bad", base)[0] for base in ("one", "two")]
    found = {(entry.setting, entry.value): entry.mean for entry in label.settings}
    assert {entry.configurations for entry in label.settings} == {2}
    assert found == pytest.approx(
        {
            ("base", "one"): (good[0] + bad[0]) / 2,
            ("base", "two"): (good[1] + bad[1]) / 2,
            ("rank", "8"): sum(good) / 2,
            ("rank", "64"): sum(bad) / 2,
        }
    )


def test_the_study_counts_single_adapters_by_holm(result: assay.Result) -> None:
    assert result.counts.claims == 12
    assert result.counts.holds == 6  # every seed of `good`
    assert result.counts.fails == 6  # every seed of `bad`
    assert sum(result.counts.verdicts.values()) == 12


def test_over_one_prompt_nothing_is_said_over_seeds(tmp_path: Path) -> None:
    """As after `limit: 1`, to try a study."""
    (study := tmp_path / "study").mkdir()
    path = one_task_study(study, [False], {"a": [True], "b": [True]})
    document = yaml.safe_load(path.read_text())
    for seed, adapter in enumerate(document["adapters"]):
        adapter |= {"recipe": "short", "seed": seed}
    result = assay.run(write_study(study, document), tmp_path / "run")
    assert (result.recipes, [claim.verdict for claim in result.claims]) == ((), ["undecided"] * 2)
    assert "the recipe short answered one prompt only: there is no verdict over seeds" in result.warnings


def test_settings_count_the_words_of_the_verdicts(tmp_path: Path) -> None:
    """Of two claims each, so that a verdict is held to half of alpha."""
    (study := tmp_path / "study").mkdir()
    base, one = table(40, 25, N, 200)
    path = one_task_study(study, base, {"a": one, "b": one})
    document = yaml.safe_load(path.read_text())
    document["claims"] = {
        "numeric": ["math.numeric_match", {"metric": "math.numeric_match", "kind": "keeps"}]
    }
    for rank, adapter in enumerate(document["adapters"]):
        adapter["settings"] = {"rank": rank}
    result = assay.run(write_study(study, document), tmp_path / "run")
    words = [claim.verdict for claim in result.claims if claim.kind == "gains"]
    assert words == ["undecided"] * 2
    (label, _) = result.labels
    assert [(row.value, row.above) for row in label.settings] == [("0", 0), ("1", 0)]
