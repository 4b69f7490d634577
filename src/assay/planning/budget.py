"""Chooses how many prompts of each task fit into a time budget, and says what so many can show. Pure: it runs nothing.

    choose(plan, [TaskTime("ifeval", 541, 2.0), TaskTime("gsm8k", 1319, 0.5)], Budget(600, spent=40))

No task is left out: each gets the fewest prompts that show anything, then the claims' tasks get what their claims
need, then the others what it takes to exclude harm, then all of them more. The choice follows from times alone, never
from a response.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assay.errors import StudyError
from assay.plan import MetricName, Plan
from assay.planning.guesses import Guesses
from assay.planning.power import PowerRow, power_row

__all__ = ["FEWEST", "Budget", "BudgetChoice", "TaskChoice", "TaskTime", "choose", "parse_budget"]

FEWEST = 32
"""Prompts of each task, at least: fewer show no change below 20 points."""
UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600}


@dataclass(frozen=True, slots=True)
class Budget:
    """The time there is, and what of it no prompt can use."""

    seconds: float
    spent: float = 0.0
    """Until now, and until the first response of the run: preflight, trial, loading."""


@dataclass(frozen=True, slots=True)
class TaskTime:
    """One task as a trial saw it."""

    task: str
    prompts: int
    """All there are."""
    seconds: float
    """That one prompt takes, over all subjects, if responses use all tokens that they may use."""


@dataclass(frozen=True, slots=True)
class TaskChoice:
    """The prompts of one task."""

    task: str
    claimed: bool
    """Whether a claim is on it; else harm is looked for."""
    prompts: int
    """That were chosen, the first ones of the file."""
    available: int
    seconds: float
    """That one prompt takes at most."""
    margin: float
    discordance: float
    """Share of prompts on which adapter and base are taken to differ."""
    detectable: float | None
    """The smallest true change that so many prompts show with probability .8; null where none is."""
    to_exclude: int
    """Prompts that exclude a change of the margin with that probability, where the truth is 0."""


@dataclass(frozen=True, slots=True)
class BudgetChoice:
    """What fits into a budget."""

    budget: float
    """Seconds."""
    spent: float
    """Of them, before the first response."""
    time: float
    """Of the whole, at most."""
    tasks: tuple[TaskChoice, ...]
    """Those of the claims first."""

    @property
    def limits(self) -> dict[str, int]:
        """Prompts by task."""
        return {task.task: task.prompts for task in self.tasks}

    def time_with(self, task: TaskChoice, prompts: int) -> float:
        """Seconds of the whole, at most, with so many prompts of one task."""
        return self.time + (prompts - task.prompts) * task.seconds

    @classmethod
    def of(cls, data: Mapping[str, object]) -> BudgetChoice:
        """A choice as it was recorded."""
        values: dict[str, object] = dict(data)
        tasks: Sequence[Mapping[str, object]] = values.pop("tasks")  # type: ignore[assignment]
        return cls(**values, tasks=tuple(TaskChoice(**task) for task in tasks))  # type: ignore[arg-type]


def parse_budget(text: str) -> float:
    """Seconds of `90s`, `10m`, `1h` or `1h30m`. Raises StudyError for anything else."""
    parts = re.findall(r"(\d+(?:\.\d+)?)\s*(min|[smh])", text)
    seconds = sum(float(number) * UNITS[unit] for number, unit in parts)
    if re.sub(r"\s", "", text) != "".join(map("".join, parts)) or seconds <= 0:
        raise StudyError("is not a time", place=f"--budget {text}", fix="write one as 90s, 10m or 1h30m")
    return seconds


@dataclass(slots=True)
class _Draft:
    """A task while prompts are given out."""

    time: TaskTime
    claims: list[tuple[MetricName, float, float]]
    """Metric, margin and alpha of each claim on it; where there is none, of its first metric."""
    claimed: bool
    need: int = 0
    prompts: int = 0


def choose(
    plan: Plan,
    times: Sequence[TaskTime],
    budget: Budget,
    checks: Mapping[MetricName, float] | None = None,
    guesses: Guesses | None = None,
) -> BudgetChoice:
    """The prompts of each task that fit. checks: a prompt's mean, by metric, 1 by default.

    Raises StudyError, with the shortest time that would do, where the fewest prompts of every task do not fit.
    """
    assumed = guesses or Guesses()
    drafts = sorted((_draft(plan, time) for time in times), key=lambda draft: not draft.claimed)
    for draft in drafts:
        draft.prompts = min(FEWEST, draft.time.prompts)
        draft.need = min(draft.time.prompts, _need(draft, checks or {}, assumed))
    left = budget.seconds - budget.spent - sum(draft.prompts * draft.time.seconds for draft in drafts)
    if left < 0:
        raise StudyError(
            f"too short: {FEWEST} prompts of each task take up to {_minutes(budget.seconds - left)} here",
            place="--budget",
            fix=f"give {_minutes(budget.seconds - left)} or more, or shorter responses with --max-tokens",
        )
    claimed = [draft for draft in drafts if draft.claimed]
    others = [draft for draft in drafts if not draft.claimed]
    for group in (claimed, others):
        left = _fill(group, [draft.need for draft in group], left)
    for group in (claimed, others):
        left = _fill(group, [draft.time.prompts for draft in group], left)
    tasks = tuple(_choice(draft, checks or {}, assumed) for draft in drafts)
    return BudgetChoice(
        budget=budget.seconds,
        spent=budget.spent,
        time=budget.spent + sum(task.prompts * task.seconds for task in tasks),
        tasks=tasks,
    )


def _draft(plan: Plan, time: TaskTime) -> _Draft:
    claims = [
        (claim.metric, claim.margin, claim.alpha) for claim in plan.claims if claim.metric.task == time.task
    ]
    task = plan.tasks[time.task]
    first = MetricName(time.task, task.metrics[0].name)
    return _Draft(time, claims or [(first, task.margin, plan.alpha)], bool(claims))


def _rows(
    draft: _Draft, checks: Mapping[MetricName, float], guesses: Guesses, prompts: int
) -> list[PowerRow]:
    return [
        power_row(prompts, guesses.middle(str(metric)), margin, checks.get(metric, 1.0), alpha)
        for metric, margin, alpha in draft.claims
    ]


def _need(draft: _Draft, checks: Mapping[MetricName, float], guesses: Guesses) -> int:
    """Prompts that exclude a change of the margin, and show one where a claim is."""
    rows = _rows(draft, checks, guesses, draft.time.prompts)
    shown = max((row.to_show or 0 for row in rows), default=0) if draft.claimed else 0
    return max(shown, *(row.to_exclude for row in rows))


def _fill(drafts: Sequence[_Draft], goals: Sequence[int], left: float) -> float:
    """Bring tasks up to their goals, all by the same share where time is short; the time that is left for others."""
    missing = [max(0, goal - draft.prompts) for draft, goal in zip(drafts, goals, strict=True)]
    cost = sum(count * draft.time.seconds for count, draft in zip(missing, drafts, strict=True))
    share = 1.0 if cost <= left else left / cost
    for draft, count in zip(drafts, missing, strict=True):
        draft.prompts += math.floor(share * count + 1e-9)
    return left - cost if share == 1 else 0.0


def _choice(draft: _Draft, checks: Mapping[MetricName, float], guesses: Guesses) -> TaskChoice:
    rows = _rows(draft, checks, guesses, draft.prompts)
    shown = [row.detectable for row in rows if row.detectable is not None]
    return TaskChoice(
        task=draft.time.task,
        claimed=draft.claimed,
        prompts=draft.prompts,
        available=draft.time.prompts,
        seconds=draft.time.seconds,
        margin=min(margin for _, margin, _ in draft.claims),
        discordance=max(row.discordance for row in rows),
        detectable=max(shown) if len(shown) == len(rows) else None,
        to_exclude=max(row.to_exclude for row in rows),
    )


def _minutes(seconds: float) -> str:
    return f"{math.ceil(seconds)}s" if seconds < 90 else f"{math.ceil(seconds / 60)}m"
