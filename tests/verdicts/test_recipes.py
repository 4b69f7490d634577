"""Checkpoints of one seed are no other seeds: recipes are judged step by step, and labels count a training once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import assay
from assay.verdicts import RecipeResult
from tests.studies import examples, responses, write_study

N, FAILED = 300, 150
STEPS: dict[int | None, list[tuple[int, int]]] = {
    100: [(20, 30), (26, 30), (24, 22)],
    200: [(60, 14), (66, 20), (52, 12)],
    None: [(64, 10), (70, 12), (58, 16)],
}
"""By step, for each seed: prompts that it alone passes, and that its base alone passes."""


def passes(better: int, worse: int) -> list[bool]:
    return [i < better if i < FAILED else i < N - worse for i in range(N)]


def run(folder: Path, steps: Sequence[int | None], seeds: Sequence[int] = (0, 1, 2)) -> assay.Result:
    folder.mkdir()
    examples(folder, N)
    adapters: list[dict[str, Any]] = []
    for step in steps:
        for seed in seeds:
            name = f"math-{seed}-{step}"
            file = responses(folder / f"{name}.jsonl", passes(*STEPS[step][seed]))
            entry = {
                "name": name,
                "label": "numeric",
                "recipe": "math",
                "seed": seed,
                "responses": {"task": file},
            }
            adapters.append(entry if step is None else entry | {"step": step})
    base = responses(folder / "base.jsonl", [i >= FAILED for i in range(N)])
    study = {
        "name": "steps",
        "bases": [{"name": "base", "responses": {"task": base}}],
        "adapters": adapters,
        "tasks": [{"task": "numeric", "name": "task", "examples": "examples.jsonl"}],
    }
    return assay.run(write_study(folder, study), folder / "run")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> assay.Result:
    return run(tmp_path_factory.mktemp("steps") / "whole", (100, 200, None))


def without_step(recipes: Sequence[RecipeResult]) -> list[RecipeResult]:
    return [replace(recipe, step=None) for recipe in recipes]


@pytest.mark.parametrize("step", STEPS)
def test_each_step_is_judged_over_seeds_as_if_it_were_tested_alone(
    whole: assay.Result, step: int | None, tmp_path: Path
) -> None:
    of_step = [recipe for recipe in whole.recipes if recipe.step == step]
    alone = run(tmp_path / "alone", (step,))
    assert [recipe.seeds for recipe in of_step] == [(0, 1, 2)]
    assert without_step(of_step) == without_step(alone.recipes)


def test_a_step_is_part_of_the_name_for_readers(whole: assay.Result) -> None:
    assert [recipe.name for recipe in whole.recipes] == ["math at step 100", "math at step 200", "math"]


def test_a_label_counts_a_training_once_by_its_result(whole: assay.Result, tmp_path: Path) -> None:
    assert whole.labels == run(tmp_path / "result", (None,)).labels


def test_a_training_without_its_result_counts_by_its_last_checkpoint(tmp_path: Path) -> None:
    both = run(tmp_path / "both", (200, 100))
    assert both.labels == run(tmp_path / "last", (200,)).labels
    assert both.labels[0].configurations == 1


def test_checkpoints_of_one_seed_give_no_verdict_over_seeds(tmp_path: Path) -> None:
    assert run(tmp_path / "one", (100, 200, None), seeds=(0,)).recipes == ()


def test_drift_of_a_recipe_is_taken_within_a_step(tmp_path: Path) -> None:
    folder = tmp_path / "drift"
    folder.mkdir()
    examples(folder, N)
    adapters: list[dict[str, Any]] = []
    for step in (100, 200):
        for seed in (0, 1):
            files = {
                task: responses(folder / f"{task}-{seed}-{step}.jsonl", passes(*STEPS[step][seed + shift]))
                for task, shift in (("task", 0), ("words", 1))
            }
            common = {"label": "numeric", "recipe": "math", "responses": files}
            adapters.append({"name": f"a{seed}-{step}", "seed": seed, "step": step, **common})
    base = [i >= FAILED for i in range(N)]
    files = {task: responses(folder / f"{task}-base.jsonl", base) for task in ("task", "words")}
    study = {
        "name": "drift",
        "bases": [{"name": "base", "responses": files}],
        "adapters": adapters,
        "tasks": [{"task": "numeric", "name": name, "examples": "examples.jsonl"} for name in files],
        "claims": {"numeric": ["task.numeric_match"]},
        "off_target": ["words.numeric_match"],
    }
    result = assay.run(write_study(folder, study), folder / "run")
    gaps = {drift.step: drift for drift in result.drift if drift.adapter is None and drift.variant == "gap"}
    assert set(gaps) == {100, 200}
    for at, drift in gaps.items():
        target, other = (
            sum(better - worse for better, worse in STEPS[at][first : first + 2]) / (2 * N)
            for first in (0, 1)
        )
        assert (drift.target_gain, drift.off_target_gain) == pytest.approx((target, other))
        assert drift.name == f"math at step {at}"
