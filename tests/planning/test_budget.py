"""How many prompts fit into a budget: pure arithmetic on a plan and the time of a prompt."""

from __future__ import annotations

from dataclasses import asdict
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import StudyError
from assay.plan import Plan
from assay.planning.budget import FEWEST, Budget, BudgetChoice, TaskTime, choose, parse_budget
from assay.planning.guesses import Guesses
from assay.runs.resolve import plan_of
from assay.runs.tasks import resolve_tasks
from tests.planning.conftest import study


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """Claims on `math`, none on `ifeval`."""
    folder = tmp_path_factory.mktemp("plan")
    prompts = folder / "prompts.jsonl"
    prompts.write_text("")
    made = study(folder, prompts)
    return plan_of(made, resolve_tasks(made))


def chosen(
    plan: Plan, seconds: float, spent: float = 0.0, each: float = 1.0, prompts: int = 2000
) -> BudgetChoice:
    times = [TaskTime("ifeval", prompts, each), TaskTime("math", prompts, each)]
    return choose(plan, times, Budget(seconds, spent))


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("10m", 600), ("10 min", 600), ("1h30m", 5400), ("0.5h", 1800)]
)
def test_a_budget_is_written_as_people_do(text: str, seconds: float) -> None:
    assert parse_budget(text) == seconds


@pytest.mark.parametrize("text", ["", "10", "ten m", "10m!", "-5m", "0m", "1d"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(StudyError, match="is not a time; write one as 90s"):
        parse_budget(text)


def test_the_claims_task_comes_first_and_no_task_is_left_out(plan: Plan) -> None:
    choice = chosen(plan, 200)
    assert [task.task for task in choice.tasks] == ["math", "ifeval"]
    assert [task.claimed for task in choice.tasks] == [True, False]
    assert choice.limits == {"math": 200 - FEWEST, "ifeval": FEWEST}


def test_what_the_claim_needs_is_followed_by_what_excludes_harm_and_then_by_more_of_the_claim(
    plan: Plan,
) -> None:
    math, ifeval = chosen(plan, 10_000).tasks
    assert FEWEST < ifeval.to_exclude <= math.to_exclude < 1000
    shorter = chosen(plan, math.to_exclude + FEWEST - 50).limits
    assert shorter["ifeval"] == FEWEST
    assert shorter["math"] < math.to_exclude
    both = chosen(plan, 2 * math.to_exclude + 200).limits
    assert both["ifeval"] == ifeval.to_exclude
    assert both["math"] > math.to_exclude
    assert chosen(plan, 10_000).limits == {"math": 2000, "ifeval": 2000}


@given(
    seconds=st.floats(100, 100_000),
    spent=st.floats(0, 50),
    each=st.floats(0.001, 0.5),
    prompts=st.integers(1, 3000),
)
def test_what_is_chosen_fits(plan: Plan, seconds: float, spent: float, each: float, prompts: int) -> None:
    choice = chosen(plan, seconds, spent, each, prompts)
    assert choice.time <= seconds * (1 + 1e-9)
    assert all(min(FEWEST, prompts) <= task.prompts <= prompts for task in choice.tasks)
    assert choice.time == pytest.approx(spent + sum(choice.limits.values()) * each)


def test_more_time_takes_no_prompt_away(plan: Plan) -> None:
    counts = [chosen(plan, seconds).limits for seconds in range(64, 4200, 97)]
    assert all(
        before[task] <= after[task] for before, after in pairwise(counts) for task in ("math", "ifeval")
    )


def test_too_little_time_is_refused_with_the_time_that_would_do(plan: Plan) -> None:
    with pytest.raises(
        StudyError, match=r"^--budget: too short: 32 prompts .* take up to 2m here; give 2m or more"
    ):
        chosen(plan, 60, spent=40)
    assert chosen(plan, 120, spent=40).limits["ifeval"] == FEWEST


def test_power_is_that_of_the_prompts_chosen(plan: Plan) -> None:
    few, many = chosen(plan, 200).tasks[0], chosen(plan, 3000).tasks[0]
    assert few.prompts < few.to_exclude
    assert many.prompts >= many.to_exclude
    assert few.detectable is not None
    assert many.detectable is not None
    assert few.detectable > many.detectable
    assert (few.discordance, few.margin) == (Guesses().middle("math.numeric_match"), 0.05)


def test_more_prompts_cost_their_time(plan: Plan) -> None:
    choice = chosen(plan, 200, spent=20)
    math = choice.tasks[0]
    assert choice.time_with(math, math.prompts + 100) == pytest.approx(choice.time + 100)


def test_a_choice_is_read_as_it_was_written(plan: Plan) -> None:
    choice = chosen(plan, 200)
    assert BudgetChoice.of(asdict(choice)) == choice
