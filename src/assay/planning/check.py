"""Plans a check that has to fit into a time budget: a trial on the whole study, then a study of as many prompts as fit.

    plan, choice = resolve_within(partial(resolve_check, study, None), 600, folder)

The trial's responses are not kept. A run that was begun under a budget continues with the prompts chosen then.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from assay.errors import AssayError, EngineError, RunError
from assay.plan import Plan
from assay.planning.budget import Budget, BudgetChoice, TaskTime, choose
from assay.planning.cost import workload_tokens
from assay.planning.power import mean_checks
from assay.planning.trial import Clock, Trial, measure
from assay.progress import Progress, silent
from assay.records import Store
from assay.runs.workload import Work

__all__ = ["recorded_choice", "resolve_within"]

Resolve = Callable[[Mapping[str, int] | None], Plan]
"""Makes the plan of a check: the whole, or with so many prompts of each task and an early stop."""

AGAIN = 1.1
"""Second passes, which measure the engine's noise, add a tenth of the responses at most."""


def resolve_within(
    resolve: Resolve,
    budget: float,
    folder: Path,
    progress: Progress = silent,
    clock: Clock = time.monotonic,
) -> tuple[Plan, BudgetChoice]:
    """The plan of a check that takes at most `budget` seconds, and what was chosen for it.

    Raises AssayError if anything is unusable, if the budget is too short for the fewest prompts, or if the folder has a
    run of another budget.
    """
    choice = recorded_choice(folder)
    if choice is None:
        choice = _chosen(resolve, budget, progress, clock)
    elif choice.budget != budget:
        raise RunError(
            f"its run was begun with a budget of {choice.budget:g} s, and its prompts were chosen for that",
            place=folder,
            fix="give that --budget, or another --out",
        )
    total = sum(choice.limits.values())
    progress(
        "prompts within the budget",
        total,
        total,
        ", ".join(f"{n:,} of {name}" for name, n in choice.limits.items()),
    )
    return resolve(choice.limits), choice


def recorded_choice(folder: Path) -> BudgetChoice | None:
    """What was chosen for the run in a folder; None where there is no run, or no budget."""
    with suppress(AssayError), Store.read(folder) as store:
        chosen = [event.data for event in store.events() if event.kind == "budget"]
        return BudgetChoice.of(chosen[-1]) if chosen else None
    return None


def _chosen(resolve: Resolve, budget: float, progress: Progress, clock: Clock) -> BudgetChoice:
    began = clock()
    plan = resolve(None)
    resolving = clock() - began
    work = plan.work
    if not isinstance(work, Work) or plan.source != "generated":
        raise EngineError(
            "a budget is for responses that are generated", place="--budget", fix="leave it out"
        )
    trials = list(_trials(work, progress, clock))
    loading = sum(trial.loading for trial in trials)
    spent = clock() - began + resolving + loading  # so far, and once more for the study of fewer prompts
    checks = mean_checks(plan, work.tasks, work.examples)
    return choose(plan, _times(plan, work, trials), Budget(budget, spent), checks)


def _trials(work: Work, progress: Progress, clock: Clock) -> Iterator[Trial]:
    for number, group in enumerate(work.groups):
        progress("trial", number, len(work.groups))
        yield measure(group, clock)
    progress("trial", len(work.groups), len(work.groups))


def _times(plan: Plan, work: Work, trials: Sequence[Trial]) -> list[TaskTime]:
    """What a prompt of each task takes at the trials' pace, if every response has its longest length."""
    seconds = dict.fromkeys(plan.tasks, 0.0)
    for group, trial in zip(work.groups, trials, strict=True):
        for load in group.workloads:
            characters = load.samples * load.turns * sum(map(len, load.texts.values()))
            tokens = workload_tokens(load, group.context)
            seconds[load.task] += characters / trial.read + tokens / trial.written
    return [
        TaskTime(name, len(work.examples[name]), AGAIN * total / max(1, len(work.examples[name])))
        for name, total in seconds.items()
    ]
