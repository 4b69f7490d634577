"""Draws the prompts that a base and its adapters answer a second time, which is how the engine's noise is measured.

Each of them is asked again of the base and of one adapter. They come from all tasks in the order in which `stop: decided`
takes prompts, and the adapter of each is drawn at random. Pure: it knows no records.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from assay.engines import Prompt
from assay.engines.api import AGAIN
from assay.plan import RowKey
from assay.runs.workload import BaseGroup, Workload
from assay.verdicts.looks import order

__all__ = ["as_drawn", "draw", "repeat_count", "repeats_of_tasks", "second_passes"]

MOST = 200
"""Prompts asked twice by default: without a difference they exclude noise of 1.5 points; 150 are needed to bound it."""
SHARE = 0.1
"""Share of the responses of a base and its adapters that second passes may add by default."""

Held = Callable[[str, str], Collection[RowKey]]
"""By name in the records and task: the key of every response."""


def repeat_count(responses: int, examples: int, prompts: int | None) -> int:
    """How many prompts a base and an adapter answer twice.

    responses: of the first pass, of a base and its adapters to all tasks. examples: of all tasks. prompts: what the study
    says; None: a tenth of the responses, which are tokens in the same proportion, and at most 200 prompts.
    """
    return min(examples, min(MOST, int(SHARE * responses / 2)) if prompts is None else prompts)


def second_passes(workloads: Sequence[Workload], base: str) -> tuple[Workload, ...]:
    """What may be asked again: the base under its usual template, and every adapter, one sample of each prompt."""
    return tuple(
        replace(
            load,
            prompt=replace(load.prompt, variant=AGAIN),
            protocol={
                **load.protocol,
                "samples": 1,
                "batch": "the base alone, some prompts" if load.name == base else "an adapter, some prompts",
            },
            samples=1,
        )
        for load in workloads
        if not load.prompt.variant
    )


def draw(
    group: BaseGroup,
    seed: int,
    refused: Collection[str] = (),
    first: Held | None = None,
    second: Held | None = None,
) -> list[Prompt]:
    """The prompts to ask again of a base and its adapters, less those that have a second response.

    refused: adapters that get no prompts. first, second: the responses held of either pass; None: all of the first,
    none of the second. Examples that base and adapter answered twice count before others are drawn.
    """
    if not group.repeats:
        return []
    sides = [_Side(load, first, second) for load in group.again if load.prompt.subject not in refused]
    examples = _shuffled(group, seed)
    repeated = {
        (side.load.task, key) for side in sides if side.subject == group.base for key in side.repeated
    }
    begun = _pairs(group.base, sides, [example for example in examples if example in repeated], seed)
    complete = sum(not missing for missing in begun)
    # Drawn one by one: few of many examples are asked again.
    open_ = filter(None, _pairs(group.base, sides, examples, seed))
    drawn = islice(open_, max(0, group.repeats - complete))
    return [prompt for missing in drawn for prompt in missing]


class _Side:
    """A subject's second pass over a task, and what is held of both passes."""

    def __init__(self, load: Workload, first: Held | None, second: Held | None) -> None:
        self.load, self.subject = load, load.prompt.subject
        self.answered = (
            set(load.texts) if first is None else {row.example for row in first(self.subject, load.task)}
        )
        self.held = set(second(load.name, load.task)) if second else set()
        self.repeated = {row.example for row in self.held}

    def missing(self, example: str) -> list[Prompt]:
        """The prompts about an example that have no second response."""
        asked = replace(self.load, texts={example: self.load.texts[example]}).prompts()
        return [prompt for prompt in asked if prompt.key not in self.held]


def _pairs(
    base: str, sides: Sequence[_Side], examples: Sequence[tuple[str, str]], seed: int
) -> Iterator[list[Prompt]]:
    """For each example that base and an adapter answered: the prompts that are missing for both to answer it twice."""
    bases = {side.load.task: side for side in sides if side.subject == base}
    adapters: dict[str, list[_Side]] = defaultdict(list)
    for side in sides:
        if side.subject != base:
            adapters[side.load.task].append(side)
    for task, example in examples:
        able = [side for side in adapters[task] if example in side.answered]
        if task not in bases or example not in bases[task].answered or not able:
            continue
        drawn = random.Random(f"{seed}/{task}/{example}").choice(able)  # noqa: S311 - no secret
        twice = next((side for side in able if example in side.repeated), drawn)
        yield bases[task].missing(example) + twice.missing(example)


def _shuffled(group: BaseGroup, seed: int) -> list[tuple[str, str]]:
    """(task, example) of every example: each task's in its random order, the tasks in proportion to their sizes."""
    keys = {load.task: list(load.texts) for load in group.again if load.prompt.subject == group.base}
    places = [
        ((rank + 0.5) / len(examples), task, examples[position])
        for task, examples in keys.items()
        for rank, position in enumerate(order(seed, task, len(examples)))
    ]
    return [(task, example) for _, task, example in sorted(places)]


def repeats_of_tasks(sizes: Mapping[str, int], repeats: int) -> Counter[str]:
    """How many of each task's examples are drawn, where every adapter answers all of them. sizes: examples of each task."""
    places = [((rank + 0.5) / n, task) for task, n in sizes.items() for rank in range(n)]
    return Counter(task for _, task in sorted(places)[:repeats])


def as_drawn(group: BaseGroup, seed: int) -> tuple[Workload, ...]:
    """The second passes that a start would make, each with the prompts drawn for it."""
    drawn: dict[tuple[str, str], dict[str, str]] = {}
    for prompt in draw(group, seed):
        drawn.setdefault((prompt.name, prompt.task), {})[prompt.example] = prompt.text
    return tuple(
        replace(load, texts={key: load.texts[key] for key in drawn[load.name, load.task]})
        for load in group.again
        if (load.name, load.task) in drawn
    )
