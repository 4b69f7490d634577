"""What a study will ask: responses and tokens. It asks nothing itself."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from assay.binding import Bound, Cell
from assay.binding.generated import NOISE_PROMPTS
from assay.records import digest
from assay.study import Study
from assay.tasks import Task

__all__ = [
    "Contexts",
    "Cost",
    "TaskCost",
    "bound_cost",
    "cell_tokens",
    "cells_once",
    "generates",
    "study_cost",
]

Contexts = Mapping[str, int | None]
"""Positions that each base has for a prompt and its response; None where that is not known."""
LONGEST_TOKEN = 8
"""Characters: over a whole prompt a token has fewer on average, so that no response is priced too low."""


@dataclass(frozen=True, slots=True)
class TaskCost:
    """What one task asks."""

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


@dataclass(frozen=True, slots=True)
class Cost:
    """What a study asks."""

    tasks: tuple[TaskCost, ...]
    exact: bool
    """Whether it was counted on the adapters themselves; else template and refusals are not known yet."""

    @property
    def responses(self) -> int:
        """Of all tasks."""
        return sum(task.responses for task in self.tasks)

    @property
    def longest(self) -> int:
        """Tokens, if every response were as long as it may be."""
        return sum(task.tokens for task in self.tasks)


def generates(study: Study) -> bool:
    """Whether responses are still to be made."""
    return study.engine.name != "recorded" and study.summary is None


def study_cost(study: Study, tasks: Mapping[str, Task], prompts: Mapping[str, int]) -> Cost | None:
    """From the study alone; None where it generates nothing or the prompts are not known."""
    if not generates(study) or not prompts:
        return None
    subjects, samples = len(study.bases) + len(study.adapters), study.decoding.samples
    costs = []
    for entry in study.tasks:
        n = prompts[entry.name]
        again = len(study.bases) * min(NOISE_PROMPTS, n)
        longest = entry.max_tokens or study.decoding.max_tokens or tasks[entry.name].form.max_tokens
        responses = subjects * n * samples + again
        costs.append(
            TaskCost(entry.name, subjects, n, samples, responses, longest, tokens=responses * longest)
        )
    return Cost(tuple(costs), exact=False)


def bound_cost(bound: Bound, contexts: Contexts) -> Cost:
    """From what will be asked, where a study is bound to what answers."""
    room = {id(cell): contexts.get(one.base) for one in bound.rounds for cell in (*one.cells, *one.again)}
    costs = []
    for name in bound.tasks:
        cells = [cell for cell in cells_once(bound) if cell.task == name]
        asked = {cell.name for one in bound.rounds for cell in one.cells if cell.task == name}
        costs.append(
            TaskCost(
                task=name,
                subjects=len(asked),
                prompts=len(bound.examples[name]),
                samples=max((cell.samples for cell in cells), default=bound.study.decoding.samples),
                responses=sum(len(cell.sent) * cell.samples for cell in cells),
                max_tokens=max((max(_longest(cell, room[id(cell)]), default=0) for cell in cells), default=0),
                tokens=sum(cell_tokens(cell, room[id(cell)]) for cell in cells),
            )
        )
    return Cost(tuple(costs), exact=True)


def cell_tokens(cell: Cell, context: int | None) -> int:
    """Tokens of a cell's responses, if each were as long as it may be."""
    return cell.samples * sum(_longest(cell, context))


def _longest(cell: Cell, context: int | None) -> Iterator[int]:
    """Tokens that the response to each prompt may have: `max_tokens`, or the room that the prompt leaves."""
    for prompt in cell.sent.values():
        room = cell.ask.max_tokens if context is None else context - math.ceil(len(prompt) / LONGEST_TOKEN)
        yield max(1, min(cell.ask.max_tokens, room))


def cells_once(bound: Bound) -> Iterator[Cell]:
    """Every cell that is asked; names that mean the same content are asked once."""
    seen = set()
    for cell in bound.cells():
        content = digest([cell.identity, cell.protocol, cell.task])
        if content not in seen:
            seen.add(content)
            yield cell
