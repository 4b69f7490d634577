"""The cost of a study in responses and tokens. It generates nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from assay.plan import Plan
from assay.records import digest
from assay.runs.generated import NOISE_PROMPTS, repeated_adapter
from assay.runs.outline import Outline
from assay.runs.workload import Work, Workload

__all__ = [
    "Cost",
    "Length",
    "SubjectCost",
    "TaskCost",
    "expected_tokens",
    "study_cost",
    "study_parts",
    "with_lengths",
    "work_cost",
    "work_parts",
    "workload_tokens",
]

LONGEST_TOKEN = 8
"""Characters: over a whole prompt a token has fewer on average, so that no response is priced too low."""


@dataclass(frozen=True, slots=True)
class TaskCost:
    """The cost of one task."""

    task: str
    subjects: int
    """Bases and adapters; a base once for each prompt template that its adapters need."""
    prompts: int
    samples: int
    """Responses a prompt."""
    responses: int
    """subjects x prompts x samples, and the base once more on some prompts, for the noise floor."""
    max_tokens: int
    """Longest response."""
    tokens: int
    """Of all responses, if each were as long as `max_tokens` and the context allow."""
    expected: int | None = None
    """Of all responses, if each were as long as a pilot's; null where no pilot says."""


@dataclass(frozen=True, slots=True)
class SubjectCost:
    """The cost of one subject on one task, under one protocol."""

    name: str
    """Of the adapter or base."""
    base: str
    """Of the base that it goes with; of a base, its own."""
    task: str
    responses: int
    longest: int
    """Tokens of all responses, if each were as long as `max_tokens` and the context allow."""
    characters: int = 0
    """Tokens of all prompts as sent; 0 where they are not known yet."""


@dataclass(frozen=True, slots=True)
class Length:
    """Mean tokens of a pilot's responses to one task."""

    task: str
    base: float | None
    """Of bases; null where their tokens were not counted."""
    adapters: float | None
    """Likewise of adapters."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a study costs."""

    tasks: tuple[TaskCost, ...]
    exact: bool
    """Whether it was counted on the adapters themselves; else template and refusals are not known yet."""

    @property
    def responses(self) -> int:
        """Of all tasks."""
        return sum(task.responses for task in self.tasks)

    @property
    def longest(self) -> int:
        """Tokens, if every response had its longest length."""
        return sum(task.tokens for task in self.tasks)

    @property
    def expected(self) -> int | None:
        """Tokens, if every response were as long as a pilot's; None without a pilot."""
        known = [task.expected for task in self.tasks if task.expected is not None]
        return sum(known) if len(known) == len(self.tasks) else None


def study_cost(outline: Outline) -> Cost | None:
    """Cost from the study alone; None where it generates nothing or the prompts are not known."""
    plan = outline.plan
    if plan.source != "generated" or not outline.examples:
        return None
    parts = study_parts(outline)
    return Cost(
        tuple(
            TaskCost(
                task=name,
                subjects=len(plan.subjects),
                prompts=len(outline.examples[name]),
                samples=plan.decoding.samples,
                responses=sum(part.responses for part in parts if part.task == name),
                max_tokens=_limit(outline, name),
                tokens=sum(part.longest for part in parts if part.task == name),
            )
            for name in plan.tasks
        ),
        exact=False,
    )


def study_parts(outline: Outline) -> list[SubjectCost]:
    """Cost of every subject, from the study alone; a base's second pass counts with its first."""
    costs = []
    twice = {repeated_adapter(outline.plan.claims, base.name) for base in outline.plan.bases}
    for name in outline.plan.tasks:
        n, longest = len(outline.examples[name]), _limit(outline, name)
        for subject in outline.plan.subjects:
            again = min(NOISE_PROMPTS, n) if subject.is_base or (subject.name, name) in twice else 0
            responses = n * outline.plan.decoding.samples + again
            costs.append(SubjectCost(subject.name, subject.base, name, responses, responses * longest))
    return costs


def _limit(outline: Outline, task: str) -> int:
    plan = outline.plan
    return plan.tasks[task].max_tokens or plan.decoding.max_tokens or outline.tasks[task].form.max_tokens


def work_parts(work: Work) -> list[SubjectCost]:
    """Cost of every subject, where the study can run here; the same content once."""
    once = list(_once(work))
    return [
        SubjectCost(
            name=load.prompt.subject,
            base=group.base,
            task=load.task,
            responses=len(load.texts) * load.samples,
            longest=workload_tokens(load, group.context),
            characters=sum(len(text) for text in load.texts.values()) * load.samples,
        )
        for group in work.groups
        for load in once
        if load in group.workloads or load in group.again
    ]


def expected_tokens(part: SubjectCost, lengths: Mapping[str, Length]) -> float | None:
    """Tokens of a subject's responses, if each were as long as a pilot's, and none longer than its limit."""
    length = lengths.get(part.task)
    mean = None if length is None else length.base if part.name == part.base else length.adapters
    return None if mean is None else min(part.responses * mean, float(part.longest))


def with_lengths(cost: Cost, parts: Sequence[SubjectCost], lengths: Mapping[str, Length]) -> Cost:
    """The cost with tokens estimated from a pilot, for tasks where those of every subject are known."""

    def expected(task: str) -> int | None:
        tokens = [expected_tokens(part, lengths) for part in parts if part.task == task]
        known = [count for count in tokens if count is not None]
        return round(sum(known)) if len(known) == len(tokens) else None

    return replace(cost, tasks=tuple(replace(task, expected=expected(task.task)) for task in cost.tasks))


def work_cost(plan: Plan, work: Work) -> Cost:
    """Cost from the workload, where the study can run here."""
    context = {id(load): group.context for group in work.groups for load in (*group.workloads, *group.again)}
    costs = []
    for name in plan.tasks:
        loads = [load for load in _once(work) if load.task == name]
        names = {load.name for group in work.groups for load in group.workloads if load.task == name}
        longest = (max(_longest(load, context[id(load)]), default=0) for load in loads)
        costs.append(
            TaskCost(
                task=name,
                subjects=len(names),
                prompts=len(work.examples[name]),
                samples=max((load.samples for load in loads), default=plan.decoding.samples),
                responses=sum(len(load.texts) * load.samples for load in loads),
                max_tokens=max(longest, default=0),
                tokens=sum(workload_tokens(load, context[id(load)]) for load in loads),
            )
        )
    return Cost(tuple(costs), exact=True)


def workload_tokens(workload: Workload, context: int | None) -> int:
    """Tokens of a workload's responses, if each had its longest length."""
    return workload.samples * sum(_longest(workload, context))


def _longest(workload: Workload, context: int | None) -> Iterator[int]:
    """Tokens that the response to each prompt may have: `max_tokens`, or the room that the prompt leaves."""
    most = workload.prompt.max_tokens
    for text in workload.texts.values():
        room = most if context is None else context - math.ceil(len(text) / LONGEST_TOKEN)
        yield max(1, min(most, room))


def _once(work: Work) -> Iterator[Workload]:
    """Every workload that generates; names with the same content count once."""
    seen = set()
    for load in work.workloads():
        content = digest([load.identity, load.protocol, load.task])
        if content not in seen:
            seen.add(content)
            yield load
