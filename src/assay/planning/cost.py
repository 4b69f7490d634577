"""The cost of a study in responses and tokens. It generates nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

from assay.plan import Plan, Subject
from assay.records import digest
from assay.runs.outline import Outline
from assay.runs.second_passes import as_drawn, repeat_count, repeats_of_tasks
from assay.runs.workload import BaseGroup, Work, Workload
from assay.stats import FEWEST_REPEATED

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
    """Of all prompts as sent, without responses; 0 where they are not known yet."""
    turns: int = 1
    """Of a conversation, in which each turn reads the responses before it again."""


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
    repeats: int = 0
    """Prompts that a base and its adapters answer twice; of the base with the fewest."""
    unmeasured: int = 0
    """Responses more, over all bases, that would measure the noise of the engine; 0 where it is measured, or cannot be."""

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
        **_measuring(
            [_repeats(outline, base.name) for base in plan.bases if _repeated(plan, base.name)],
            outline.examples,
        ),
    )


def _repeated(plan: Plan, base: str) -> list[Subject]:
    """Adapters that answer some prompts twice: a full model answers none."""
    return [adapter for adapter in plan.adapters_of(base) if not adapter.is_model]


def _repeats(outline: Outline, base: str) -> int:
    plan, total = outline.plan, sum(map(len, outline.examples.values()))
    subjects = 1 + len(_repeated(plan, base))
    return repeat_count(subjects * total * plan.decoding.samples, total, plan.noise_prompts)


def _measuring(repeats: Sequence[int], examples: Mapping[str, Sequence[object]]) -> dict[str, int]:
    """`repeats` and `unmeasured` of a cost."""
    short = [FEWEST_REPEATED - count for count in repeats if count < FEWEST_REPEATED]
    possible = sum(map(len, examples.values())) >= FEWEST_REPEATED
    return {"repeats": min(repeats, default=0), "unmeasured": 2 * sum(short) if possible else 0}


def study_parts(outline: Outline) -> list[SubjectCost]:
    """Cost of every subject, from the study alone; second passes count with first ones, in equal parts of the adapters."""
    plan, costs = outline.plan, []
    sizes = {name: len(outline.examples[name]) for name in plan.tasks}
    for base in plan.bases:
        adapters = _repeated(plan, base.name)
        again = repeats_of_tasks(sizes, _repeats(outline, base.name) if adapters else 0)
        for name, n in sizes.items():
            shares = {adapter.name: (again[name] + i) // len(adapters) for i, adapter in enumerate(adapters)}
            shares[base.name] = again[name]
            for subject in (base, *plan.adapters_of(base.name)):
                responses = _turns(outline, name) * (n * plan.decoding.samples + shares.get(subject.name, 0))
                longest = responses * _limit(outline, name)
                costs.append(SubjectCost(subject.name, subject.base, name, responses, longest))
    return costs


def _turns(outline: Outline, task: str) -> int:
    """The most turns of a conversation; 1 where examples are asked once."""
    return max((len(outline.tasks[task].turns(example)) for example in outline.examples[task]), default=1)


def _limit(outline: Outline, task: str) -> int:
    plan = outline.plan
    return plan.tasks[task].max_tokens or plan.decoding.max_tokens or outline.tasks[task].form.max_tokens


def work_parts(plan: Plan, work: Work) -> list[SubjectCost]:
    """Cost of every subject, where the study can run here; the same content once."""
    return [
        SubjectCost(
            name=load.prompt.subject,
            base=group.base,
            task=load.task,
            responses=len(load.texts) * load.samples * load.turns,
            longest=workload_tokens(load, group.context),
            characters=load.samples * sum(_read(load, key) for key in load.texts),
            turns=load.turns,
        )
        for group, load in _once(plan, work)
    ]


def _read(load: Workload, example: str) -> int:
    """Characters of the prompts about an example: each turn reads what the user said before."""
    lengths = [len(load.texts[example]), *(len(ask.say) for ask in load.asks.get(example, ())[1:])]
    return sum(sum(lengths[:turn]) for turn in range(1, load.turns + 1))


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
    once, costs = list(_once(plan, work)), []
    for name in plan.tasks:
        loads = [(group, load) for group, load in once if load.task == name]
        names = {load.name for group in work.groups for load in group.workloads if load.task == name}
        longest = (max(_longest(load, group.context), default=0) for group, load in loads)
        costs.append(
            TaskCost(
                task=name,
                subjects=len(names),
                prompts=len(work.examples[name]),
                samples=max((load.samples for _, load in loads), default=plan.decoding.samples),
                responses=sum(len(load.texts) * load.samples * load.turns for _, load in loads),
                max_tokens=max(longest, default=0),
                tokens=sum(workload_tokens(load, group.context) for group, load in loads),
            )
        )
    repeats = [group.repeats for group in work.groups if group.adapters]
    return Cost(tuple(costs), exact=True, **_measuring(repeats, work.examples))


def workload_tokens(workload: Workload, context: int | None) -> int:
    """Tokens of a workload's responses, if each had its longest length."""
    return workload.samples * sum(_longest(workload, context))


def _longest(workload: Workload, context: int | None) -> Iterator[int]:
    """Tokens that the response to each prompt may have, in each turn: `max_tokens`, or the room that is left."""
    most = workload.prompt.max_tokens
    for text, turn in product(workload.texts.values(), range(workload.turns)):
        room = most if context is None else context - math.ceil(len(text) / LONGEST_TOKEN) - turn * most
        yield max(1, min(most, room))


def _once(plan: Plan, work: Work) -> Iterator[tuple[BaseGroup, Workload]]:
    """Every workload that generates, second passes as they would be drawn; names with the same content count once."""
    seen = set()
    for group in work.groups:
        for load in group.workloads:
            content = digest([load.identity, load.protocol, load.task])
            if content not in seen:
                seen.add(content)
                yield group, load
        yield from ((group, load) for load in as_drawn(group, plan.seed))
