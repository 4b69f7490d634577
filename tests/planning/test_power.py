"""What a plan says of power: the levels are those of the verdicts, the figures those of `assay.stats`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import assay
from assay.plan import MetricName
from assay.planning.guesses import SEED_SD, Guesses
from assay.planning.power import SIZE, metric_power, recipe_power
from assay.runs.resolve import plan_of
from assay.runs.tasks import resolve_tasks
from assay.stats import RecipeVariances, detectable_gain, detectable_recipe_gain, prompts_to_detect
from assay.study import Study
from tests.studies import one_task_study

CLAIMS = {"instruction": ["ifeval.prompt_strict", "ifeval.instruction_strict"]}
PROMPTS = {"ifeval": 541, "gsm8k": 1319}


def study(adapters: list[dict[str, Any]], **fields: Any) -> Study:
    return Study.from_dict(
        {
            "name": "planned",
            "bases": [{"name": "base", "model": "owner/base"}],
            "adapters": [{"label": "instruction", "path": f"owner/{one['name']}", **one} for one in adapters],
            "tasks": [{"task": "ifeval"}, {"task": "numeric", "name": "gsm8k"}],
            **fields,
        }
    )


def powers(of: Study, checks: dict[str, float] | None = None) -> Any:
    plan = plan_of(of, resolve_tasks(of))
    means = {MetricName.parse(metric): mean for metric, mean in (checks or {}).items()}
    return (
        metric_power(plan, PROMPTS, means, Guesses()),
        recipe_power(plan, PROMPTS, means, Guesses()),
    )


def test_figures_are_those_of_the_level_that_verdicts_use() -> None:
    (power,), _ = powers(study([{"name": "a"}, {"name": "b"}]))
    assert (power.metric, power.claims, power.prompts) == ("ifeval.prompt_strict", 2, 541)
    assert (power.alpha, power.level) == (0.05, 0.9)
    assert power.rows[1].detectable == detectable_gain(541, 0.2, 0.05)
    assert power.rows[1].to_show == prompts_to_detect(0.05, 0.2, 0.05)
    assert [row.to_exclude for row in power.rows] == [248, 495, 742]


@pytest.mark.parametrize(("family", "alpha"), [("adapter", 0.025), ("study", 0.05 / 5)])
def test_the_family_divides_the_level(family: str, alpha: float) -> None:
    adapters = [{"name": "a"}, {"name": "b"}, {"name": "m", "label": "numeric"}]
    found, _ = powers(study(adapters, family=family, claims=CLAIMS))
    assert {power.alpha for power in found if power.metric.startswith("ifeval")} == {alpha}
    assert [power.claims for power in found] == [2, 2, 1]


def test_the_level_is_that_of_the_verdict_itself(tmp_path: Path) -> None:
    claims = {"numeric": ["math.numeric_match", "math.format_match", "math.numeric_found"]}
    path = one_task_study(tmp_path, [True, False] * 20, {"a": [False, True] * 20}, claims=claims)
    of = assay.load_study(path)
    found = metric_power(plan_of(of, resolve_tasks(of)), {"math": 40}, {}, Guesses())
    result = assay.run(of, tmp_path / "run")
    assert {power.level for power in found} == {claim.level for claim in result.claims}


def test_margins_are_the_claims_own() -> None:
    claims = {"instruction": [{"metric": "ifeval.prompt_strict", "kind": "keeps", "margin": 0.02}]}
    (power,), _ = powers(study([{"name": "a"}], claims=claims))
    assert (power.kind, power.margin) == ("keeps", 0.02)
    assert power.rows[0].to_exclude == 1546  # 0.1 (1.645 + 0.842)² / 0.02²


def test_more_checks_a_prompt_find_smaller_gains() -> None:
    of = study([{"name": "a"}], claims=CLAIMS)
    (strict, instructions), _ = powers(of, {"ifeval.instruction_strict": 1.5})
    in_checks = detectable_gain(541, 0.2 * SIZE, 0.025)
    assert in_checks is not None
    assert instructions.rows[1].detectable == pytest.approx(in_checks / 1.5)
    assert instructions.rows[1].detectable < strict.rows[1].detectable
    assert instructions.rows[1].to_exclude < strict.rows[1].to_exclude


def test_unknown_prompts_leave_what_is_needed() -> None:
    of = study([{"name": "a", "recipe": "r", "seed": 1}, {"name": "b", "recipe": "r", "seed": 2}])
    plan = plan_of(of, resolve_tasks(of))
    (power,) = metric_power(plan, {}, {}, Guesses())
    assert power.prompts is None
    assert power.rows[0].detectable is None
    assert power.rows[0].to_exclude == 248
    assert recipe_power(plan, {}, {}, Guesses()) == ()


def seeds(count: int, recipe: str = "r") -> list[dict[str, Any]]:
    return [{"name": f"{recipe}-s{seed}", "recipe": recipe, "seed": seed} for seed in range(count)]


def test_recipes_of_as_many_seeds_are_planned_together_and_single_ones_left_out() -> None:
    _, found = powers(study([*seeds(3, "p"), *seeds(3, "q"), *seeds(5, "r"), *seeds(1, "s")]))
    assert [(power.recipes, power.seeds) for power in found] == [
        (("p on base", "q on base"), 3),
        (("r on base",), 5),
    ]
    variances = RecipeVariances(0.08, SEED_SD**2, 0.12)
    assert found[0].detectable == pytest.approx(detectable_recipe_gain(541, 3, variances, 0.05))
    assert found[0].twice_seeds < found[1].detectable < found[0].detectable


def test_seeds_dominate_where_prompts_are_many() -> None:
    of = study(seeds(3))
    plan = plan_of(of, resolve_tasks(of))
    (few,), (many,) = (recipe_power(plan, {"ifeval": n}, {}, Guesses()) for n in (60, 5000))
    assert "more prompts would help" in few.advice.lower()
    assert "More prompts would not help much: seeds dominate" in many.advice
    assert many.detectable is not None
    assert many.twice_prompts is not None
    assert many.twice_prompts > 0.9 * many.detectable


def test_a_recipes_family_is_its_own_claims_or_those_of_all_recipes() -> None:
    pair = [*seeds(2, "p"), *seeds(2, "q")]
    _, own = powers(study(pair, claims=CLAIMS))
    _, all_of = powers(study(pair, claims=CLAIMS, family="study"))
    assert {power.alpha for power in own} == {0.025}
    assert {power.alpha for power in all_of} == {0.0125}


def test_checkpoints_are_planned_step_by_step() -> None:
    steps = [
        entry | {"name": f"{entry['name']}-{step}", "step": step} for step in (5, 10) for entry in seeds(2)
    ]
    _, found = powers(study(steps))
    assert [(power.recipes, power.seeds) for power in found] == [
        (("r at step 5 on base", "r at step 10 on base"), 2)
    ]


def test_a_control_of_several_seeds_has_no_verdict_and_no_power_as_a_recipe() -> None:
    control = [entry | {"control": "no gain"} for entry in seeds(2, "q")]
    _, found = powers(study([*seeds(2, "p"), *control], family="study"))
    assert [(power.recipes, power.alpha) for power in found] == [(("p on base",), 0.05)]
