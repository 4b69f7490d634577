"""What `assay check --budget` prints: the prompts that were chosen and why, what they can show, and what more time would settle."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from assay.cli.forecast import duration
from assay.cli.tables import console, table, text
from assay.planning import BudgetChoice, TaskChoice
from assay.planning.budget import FEWEST
from assay.stats import Verdict
from assay.verdicts import ClaimResult

__all__ = ["budget_lines", "reason", "show_budget"]


def show_budget(choice: BudgetChoice, claims: Sequence[ClaimResult]) -> None:
    """Print what was chosen for a budget, and what these prompts and more of them can show."""
    screen = console()
    sys.stdout.write("\n")
    screen.print(
        table(
            f"Budget: {duration(choice.budget)}, of which {duration(choice.spent)} before the first response",
            ["task", "prompts", "of", "longest time", "why so many"],
            right=1,
            rows=(
                [
                    text(task.task),
                    f"{task.prompts:,}",
                    f"{task.available:,}",
                    duration(task.prompts * task.seconds),
                    reason(task),
                ]
                for task in choice.tasks
            ),
        )
    )
    for line in budget_lines(choice, claims):
        screen.print(text(line))


def reason(task: TaskChoice) -> str:
    """Why a task has so many prompts."""
    if task.prompts == task.available:
        return "all prompts"
    if task.prompts >= task.to_exclude:
        return "enough for its claim" if task.claimed else "enough to exclude harm"
    if task.prompts <= FEWEST:
        return f"the minimum of {FEWEST}"
    return "as many as fit" if task.claimed else "as many as fit then"


def budget_lines(choice: BudgetChoice, claims: Sequence[ClaimResult]) -> Iterator[str]:
    """What these prompts can show, and at what time more of them would settle what is open."""
    share = max(task.discordance for task in choice.tasks)
    yield (
        f"The run takes at most {duration(choice.time)}, and less if responses are short or every claim is settled early. "
        f"The following holds with probability 0.8 if adapter and base differ on {100 * share:.0f} % of the prompts:"
    )
    for task in choice.tasks:
        yield from _shown(task)
        yield _excluded(choice, task)
    for claim in claims:
        if claim.verdict is Verdict.UNDECIDED and claim.examples_needed:
            yield _undecided(choice, claim, claim.examples_needed)


def _shown(task: TaskChoice) -> Iterator[str]:
    if not task.claimed:
        return
    if task.detectable is None:
        yield f"{task.task}: so few prompts can show no change."
        return
    least = 100 * task.detectable
    yield (
        f"{task.task}: `gain` or `harmed` can be shown if the true change is {least:.1f} points or more, `confirmed` if "
        f"the gain is {least + 100 * task.margin:.1f} or more."
    )


def _excluded(choice: BudgetChoice, task: TaskChoice) -> str:
    what = "`no gain`" if task.claimed else f"excluding a fall of {100 * task.margin:.3g} points, for a pass,"
    if task.prompts >= task.to_exclude:
        return f"{task.task}: {what} can be shown." if task.claimed else f"{task.task}: {what} is possible."
    return f"{task.task}: {what} needs about {_more(choice, task, task.to_exclude)}."


def _undecided(choice: BudgetChoice, claim: ClaimResult, prompts: int) -> str:
    task = next(task for task in choice.tasks if claim.metric.startswith(f"{task.task}."))
    more = _more(choice, task, prompts)
    return f"{claim.metric} is undecided; if adapter and base go on to differ as often, deciding it needs about {more}."


def _more(choice: BudgetChoice, task: TaskChoice, prompts: int) -> str:
    """A number of prompts, and the budget for it; no budget where there are not so many."""
    if prompts > task.available:
        return f"{prompts:,} prompts, more than there are"
    return f"{prompts:,} prompts: {duration(choice.time_with(task, prompts))}"
