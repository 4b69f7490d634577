"""When a run may stop: how many prompts each adapter gets on each task. Pure: looks and scores in, prompts out.

With `stop: decided`, an adapter's cell goes from look to look until every claim on it is settled. The base goes
as far as its furthest adapter, and a cell without a claim as far as the study says. Prompts come in one random order.
It knows no engine and no records.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from assay import stats
from assay.engines import Prompt
from assay.errors import RunError
from assay.plan import Claim, Plan
from assay.records import Schedule, Scores
from assay.verdicts.looks import design_of, evidence_at, first_prompts, in_prompts, order

__all__ = ["Cell", "InterimPolicy", "Sides", "begin_schedule", "first_of"]

Cell = tuple[str, str]
"""Adapter and task, by name."""
Sides = Callable[[Cell, int, str | None], tuple[Scores, Scores] | None]
"""Scores of a reference (None: the base) and the adapter on the first n prompts of a cell; None where some are missing."""


@dataclass(frozen=True, slots=True)
class InterimPolicy:
    """Says which prompts are due and which cells are settled, given the looks so far."""

    plan: Plan
    schedule: Schedule
    claims: Mapping[Cell, Sequence[Claim]]
    contents: Mapping[Cell, str]
    """By name and task: the content that a name is bound to; names of one content share their responses."""
    counterparts: Mapping[Cell, str | None]
    """By adapter and task: the base under the adapter's protocol; None where it gets no prompts under that."""
    ranks: Mapping[str, Mapping[str, int]]
    """By task: place of each example in the random order."""
    to_the_end: bool = False
    """Generate the rest of every cell at once, without a look before the end."""
    references: Mapping[tuple[str, str, str], str | None] = field(default_factory=dict)
    """By adapter, task and reference of a claim: the reference under the adapter's protocol, as in the records."""
    whole: frozenset[Cell] = frozenset()
    """Names and tasks that get every prompt without a look: what is compared there is not loaded together."""

    def content(self, cell: Cell) -> str:
        """The content of a name on a task, including the task."""
        return self.contents.get(cell, f"{cell[1]} ")

    def pool(self, task: str) -> int:
        """Number of prompts of a task."""
        return len(self.schedule.orders[task])

    def looks(self, cell: Cell) -> Sequence[int]:
        """Number of prompts at every look that was taken at a cell."""
        return self.schedule.looks.get(self.content(cell), ())

    def last_look(self, cell: Cell) -> int:
        """Number of prompts at the last look; 0 before the first."""
        return max(self.looks(cell), default=0)

    def next_look(self, cell: Cell) -> int:
        """Number of prompts at the next look."""
        pool = self.pool(cell[1])
        if self.to_the_end:
            return pool
        return design_of(self.schedule, cell[1]).next_look(self.last_look(cell)) or pool

    def reach(
        self, cells: Sequence[Cell], goals: Mapping[Cell, int], shares: Sequence[float]
    ) -> dict[str, int]:
        """Number of prompts of each cell by the end of a stage, by content.

        goals: those of the cells with looks. shares: the share of its pool that each open cell has by then; cells without
        a claim get the largest of these shares, so that batches stay full.
        """
        share, bases = (
            max(shares, default=1.0),
            {adapter.name: adapter.base for adapter in self.plan.adapters},
        )
        reach: dict[str, int] = defaultdict(int)
        for name, task in cells:
            if name not in bases:
                continue
            budget = None if self.to_the_end else self.plan.stop.elsewhere
            elsewhere = min(budget or self.pool(task), self.pool(task))
            until = goals.get((name, task), math.ceil(share * elsewhere))
            sides = [name, self.counterparts.get((name, task)) or bases[name]]
            sides += [side for key, side in self.references.items() if key[:2] == (name, task) and side]
            for side in sides:
                content = self.content((side, task))
                reach[content] = max(reach[content], until)
        for cell in self.whole:
            reach[self.content(cell)] = self.pool(cell[1])
        return reach

    def due(self, prompts: Iterable[Prompt], reach: Mapping[str, int]) -> tuple[list[Prompt], list[Prompt]]:
        """(prompts due by the end of a stage, the others)."""
        parts: tuple[list[Prompt], list[Prompt]] = ([], [])
        for prompt in prompts:
            until = reach.get(self.content((prompt.name, prompt.task)), 0)
            parts[self.ranks[prompt.task][prompt.example] >= until].append(prompt)
        return parts

    def compared(self, cell: Cell, refused: Collection[str] = ()) -> set[str | None]:
        """What the claims on a cell are against, but for what was refused; None: the base."""
        return {claim.against for claim in self.claims[cell] if claim.against not in refused} or {None}

    def settled(self, cell: Cell, sides: Sides, refused: Collection[str] = ()) -> bool:
        """Whether every claim on a cell is settled as of its last look; those against a refused subject are."""
        task, looks, compared = cell[1], self.looks(cell), self.compared(cell, refused)
        if not looks:  # no look was taken and all responses are there: a sample of fixed size
            return all(sides(cell, self.pool(task), against) is not None for against in compared)
        if self.to_the_end:
            return looks[-1] >= self.pool(task)
        pairs = {against: sides(cell, looks[-1], against) for against in compared}
        return all(
            (pair := pairs[claim.against]) is not None and self._stops(claim, looks, *pair)
            for claim in self.claims[cell]
            if claim.against in compared
        )

    def _stops(self, claim: Claim, looks: Sequence[int], before: Scores, after: Scores) -> bool:
        task = self.plan.tasks[claim.metric.task]
        metrics = [metric.name for metric in task.metrics]
        index = metrics.index(claim.metric.name)
        differences = after.passed[:, :, index].mean(axis=1) - before.passed[:, :, index].mean(axis=1)
        paired = in_prompts(task.metrics[index].kind, differences, before.out_of[:, 0, index])
        design = design_of(self.schedule, task.name)
        return stats.stand(
            evidence_at(self.schedule, task.name, *paired, looks),
            claim.kind,
            claim.margin,
            claim.alpha,
            pool=design.pool,
            futility=design.futility,
        ).stops


def first_of(
    schedule: Schedule, task: str, n: int, base: Scores | None, adapter: Scores | None
) -> tuple[Scores, Scores] | None:
    """Scores of base and adapter on the first n prompts; None where some are missing."""
    if base is None or adapter is None:
        return None
    return first_prompts(base, adapter, schedule.orders[task], n)


def begin_schedule(plan: Plan, sizes: Mapping[str, int], earlier: Schedule | None) -> Schedule:
    """The plan's schedule, with the looks that an earlier start took, under any design.

    sizes: examples of each task. Raises RunError where those looks were at other prompts, or at these in another order.
    """
    orders = {task: order(plan.seed, task, size) for task, size in sizes.items()}
    for task, positions in earlier.orders.items() if earlier else ():
        if task in sizes and len(positions) != sizes[task]:
            raise RunError(
                f"task {task!r}: this run has looked at the first of {len(positions)} prompts in a random order, and "
                f"the study now gives {sizes[task]}",
                fix="give the earlier `limit` and file, or use another folder",
            )
        if list(positions) != orders.get(task, list(positions)):
            raise RunError(
                f"task {task!r}: this run has looked at its prompts in an earlier order, and another `seed` "
                f"would void its bounds",
                fix="use another folder",
            )
    if earlier is None:
        return Schedule(plan.stop.design, plan.stop.first, plan.stop.every, orders)
    now = replace(earlier, orders={**earlier.orders, **orders})
    if plan.stop.when == "full":
        return now
    return replace(now, design=plan.stop.design, first=plan.stop.first, every=plan.stop.every)
