"""The sentences about a budget, from a choice; nothing is run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assay.cli.budget import budget_lines, reason
from assay.planning import BudgetChoice, TaskChoice
from assay.stats import Verdict
from assay.verdicts import ClaimResult

CLAIMED = TaskChoice(
    task="ifeval",
    claimed=True,
    prompts=180,
    available=541,
    seconds=2.0,
    margin=0.05,
    discordance=0.2,
    detectable=0.093,
    to_exclude=495,
)
OTHER = replace(CLAIMED, task="gsm8k", claimed=False, prompts=60, available=1319, seconds=1.0)
CHOICE = BudgetChoice(budget=600, spent=60, time=480, tasks=(CLAIMED, OTHER))


def lines(*claims: ClaimResult, choice: BudgetChoice = CHOICE) -> list[str]:
    return list(budget_lines(choice, claims))


def test_what_so_many_prompts_show_and_what_more_would_is_said_with_its_time() -> None:
    _, shown, no_gain, harm = lines()
    assert "`gain` or `harmed` can be shown if the true change is 9.3 points or more" in shown
    assert "`confirmed` if the gain is 14.3 or more" in shown
    assert no_gain == "ifeval: `no gain` needs about 495 prompts: 18 min."  # 480 s and 315 prompts of 2 s
    assert harm == "gsm8k: excluding a fall of 5 points, for a pass, needs about 495 prompts: 15 min."


def test_prompts_that_do_not_exist_have_no_time() -> None:
    small = replace(CHOICE, tasks=(replace(CLAIMED, available=300), OTHER))
    assert "ifeval: `no gain` needs about 495 prompts, more than there are." in lines(choice=small)


def test_enough_prompts_need_no_more() -> None:
    enough = replace(CHOICE, tasks=(replace(CLAIMED, prompts=500), replace(OTHER, prompts=495)))
    assert "ifeval: `no gain` can be shown." in lines(choice=enough)
    assert "gsm8k: excluding a fall of 5 points, for a pass, is possible." in lines(choice=enough)


def test_so_few_prompts_that_nothing_is_shown_is_said() -> None:
    none = replace(CHOICE, tasks=(replace(CLAIMED, detectable=None), OTHER))
    assert "ifeval: so few prompts can show no change." in lines(choice=none)


def test_an_undecided_claim_has_the_prompts_that_would_decide_it() -> None:
    claim = ClaimResult(
        adapter="qa",
        base="tiny",
        label="instruction",
        metric="ifeval.prompt_strict",
        kind="gains",
        margin=0.05,
        verdict=Verdict.UNDECIDED,
        examples_needed=300,
    )
    assert lines(claim)[-1] == (
        "ifeval.prompt_strict is undecided; if adapter and base go on to differ as often, deciding it needs about 300 prompts: 12 min."
    )
    assert len(lines(replace(claim, verdict=Verdict.CONFIRMED))) == len(lines())


@pytest.mark.parametrize(
    ("task", "why"),
    [
        (CLAIMED, "as many as fit"),
        (OTHER, "as many as fit then"),
        (replace(OTHER, prompts=32), "the minimum of 32"),
        (replace(CLAIMED, prompts=495), "enough for its claim"),
        (replace(OTHER, prompts=495), "enough to exclude harm"),
        (replace(CLAIMED, prompts=541), "all prompts"),
    ],
)
def test_each_number_of_prompts_has_its_reason(task: TaskChoice, why: str) -> None:
    assert reason(task) == why
