"""Takes a run's looks: yields prompts stage by stage, scores in between, and records what each look settles.

It knows no engine. Which prompts come next is decided by `interim`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from assay.engines import Prompt
from assay.plan import Claim, Plan
from assay.records import Scores, Store
from assay.records.queries import answers
from assay.runs.interim import Cell, InterimPolicy, begin_schedule, first_of
from assay.runs.workload import BaseGroup, Work
from assay.scoring import score_task

__all__ = ["Stages", "check_schedule"]


def check_schedule(plan: Plan, work: Work, store: Store) -> None:
    """Raise RunError where an earlier start looked at other prompts, or at these in another order."""
    if plan.stop.when == "decided" or store.manifest.schedule is not None:
        begin_schedule(plan, _sizes(work), store.manifest.schedule)


def _sizes(work: Work) -> dict[str, int]:
    return {name: len(examples) for name, examples in work.examples.items()}


class Stages:
    """Yields the prompts of each stage; with `stop: full`, all at once."""

    def __init__(self, plan: Plan, work: Work, store: Store, to_the_end: bool = False) -> None:
        """to_the_end: generate the rest of every cell at once, without a look before the end."""
        self._plan, self._work, self._store = plan, work, store
        self.ahead: list[Prompt] = []
        """Prompts that may still follow the last batch."""
        workloads = tuple(work.workloads())
        self._requests = {load.task: load.asks for load in workloads if load.asks}
        self._samples = {(load.name, load.task): load.samples for load in workloads}
        decided = plan.stop.when == "decided"
        self._policy: InterimPolicy | None = None
        if decided or store.manifest.schedule is not None:  # a run with looks continues to allow for them
            self._policy = self._begin(to_the_end or not decided)

    def _begin(self, to_the_end: bool) -> InterimPolicy:
        store, examples = self._store, self._work.examples
        schedule = begin_schedule(self._plan, _sizes(self._work), store.manifest.schedule)
        if schedule != store.manifest.schedule:
            store.note(
                "schedule",
                design=schedule.design,
                first=schedule.first,
                every=schedule.every,
                orders={task: list(positions) for task, positions in schedule.orders.items()},
            )
        claims: dict[Cell, list[Claim]] = defaultdict(list)
        for claim in self._plan.claims:
            claims[claim.subject.name, claim.metric.task].append(claim)
        cells = [(load.name, load.task) for load in self._work.workloads()]
        bases = {adapter.name: adapter.base for adapter in self._plan.adapters}
        references = {
            (name, task, against): store.counterpart(name, against, task)
            for name, against in self._plan.references()
            for task in self._plan.tasks
        }
        apart = self._apart()
        return InterimPolicy(
            self._plan,
            schedule,
            {cell: listed for cell, listed in claims.items() if cell not in apart},
            contents={(name, task): f"{task} {store.content(name, task) or ''}" for name, task in cells},
            counterparts={
                (name, task): store.counterpart(name, bases[name], task)
                for name, task in cells
                if name in bases
            },
            ranks={
                task: {examples[task][position].key: rank for rank, position in enumerate(order)}
                for task, order in schedule.orders.items()
                if task in examples
            },
            to_the_end=to_the_end,
            references=references,
            whole=frozenset(apart),
        )

    def _apart(self) -> set[Cell]:
        """Names and tasks of subjects of two base groups that are compared: both sides get every prompt."""
        plan, store = self._plan, self._store
        groups = {
            load.prompt.subject: index
            for index, group in enumerate(self._work.groups)
            for load in group.workloads
        }
        compared = [
            (claim.subject.name, claim.reference.name, metric.task)
            for claim in plan.claims
            for metric in (claim.metric, *claim.off_target)
        ]
        if (champion := plan.champion) is not None:
            compared += [(adapter.name, champion.name, metric.task) for adapter, metric in plan.regressions()]
        compared += [
            (model.name, model.base, task) for model in plan.adapters if model.is_model for task in plan.tasks
        ]
        found: set[Cell] = set()
        for name, reference, task in compared:
            if {name, reference} <= groups.keys() and groups[name] != groups[reference]:
                found |= {(name, task), (store.counterpart(name, reference, task) or reference, task)}
        return found

    def catch_up(self, group: BaseGroup) -> None:
        """Take the looks that an earlier start left out, between a response and its look."""
        for _ in self.batches(group, ()):
            pass

    def batches(self, group: BaseGroup, prompts: Sequence[Prompt]) -> Iterator[list[Prompt]]:
        """These prompts, a batch for each look; a look scores and settles cells when the next batch is taken."""
        if self._policy is None:
            yield list(prompts)
            return
        cells, claimed, open_ = self._standing(group)
        left = list(prompts)
        while True:
            policy = self._policy
            goals = {
                cell: policy.next_look(cell) if cell in open_ else policy.last_look(cell) for cell in claimed
            }
            shares = [goals[cell] / policy.pool(cell[1]) for cell in open_]
            due, left = policy.due(left, policy.reach(cells, goals, shares))
            if due:
                self.ahead = self._within_reach(left, cells, claimed, open_)
                yield due
            if not open_:
                return
            open_ = self._look({cell: goals[cell] for cell in open_})

    def needed(self, group: BaseGroup, prompts: Iterable[Prompt]) -> list[Prompt]:
        """Those that may still be needed, given the evidence: nothing beyond the stop of a settled cell."""
        policy = self._policy
        if policy is None:
            return list(prompts)
        return self._within_reach(prompts, *self._standing(group))

    def _within_reach(
        self, prompts: Iterable[Prompt], cells: list[Cell], claimed: list[Cell], open_: list[Cell]
    ) -> list[Prompt]:
        """Those that are asked if every open cell goes on to its end."""
        assert self._policy is not None  # noqa: S101
        policy = self._policy
        goals = {cell: policy.pool(cell[1]) if cell in open_ else policy.last_look(cell) for cell in claimed}
        return policy.due(prompts, policy.reach(cells, goals, ()))[0]

    def _standing(self, group: BaseGroup) -> tuple[list[Cell], list[Cell], list[Cell]]:
        """All cells of a group, those with looks, and the open ones of these; cells of refused adapters are not open."""
        assert self._policy is not None  # noqa: S101
        policy, decided = self._policy, self._plan.stop.when == "decided"
        cells = [(load.name, load.task) for load in group.workloads]
        claimed = [cell for cell in cells if cell in policy.claims and (decided or policy.looks(cell))]
        self._score({task for _, task in claimed})
        refused = self._store.manifest.refused
        open_ = [
            cell
            for cell in claimed
            if cell[0] not in refused and not policy.settled(cell, self._sides, refused)
        ]
        return cells, claimed, open_

    def _look(self, at: Mapping[Cell, int]) -> list[Cell]:
        """Score, record a look at each of these cells, and return those that continue."""
        assert self._policy is not None  # noqa: S101
        self._score({task for _, task in at})
        refused = self._store.manifest.refused
        seen = {
            cell: n
            for cell, n in at.items()
            if cell[0] not in refused
            and all(
                self._sides(cell, n, against) is not None for against in self._policy.compared(cell, refused)
            )
        }
        with self._store.transaction():
            for cell, n in seen.items():
                self._store.note("look", cell=self._policy.content(cell), n=n)
        schedule = self._store.manifest.schedule or self._policy.schedule
        self._policy = replace(self._policy, schedule=schedule)
        settled = {cell for cell in seen if self._policy.settled(cell, self._sides, refused)}
        with self._store.transaction():
            for name, task in sorted(settled):
                self._store.note("settled", adapter=name, task=task, n=seen[name, task])
        return [cell for cell in seen if cell not in settled]

    def _score(self, tasks: Iterable[str]) -> None:
        for task in tasks:
            for _ in score_task(self._work.tasks[task], self._store, self._whole(task)):
                pass

    def _whole(self, task: str) -> list[int]:
        """Records without a score whose example has answers to all requests: an interrupted start may leave some out."""
        records = self._store.unscored(task, self._work.tasks[task].scorer)
        if (requests := self._requests.get(task)) is None:
            return records
        return [
            record for record, key, given in answers(self._store, records) if len(given) == len(requests[key])
        ]

    def _sides(self, cell: Cell, n: int, against: str | None) -> tuple[Scores, Scores] | None:
        """Scores of a reference (None: the base) and the adapter on the first n prompts; None where some are missing."""
        assert self._policy is not None  # noqa: S101
        name, task = cell
        policy = self._policy
        side = policy.references.get((*cell, against)) if against else policy.counterparts.get(cell)
        if side is None:
            return None
        sides = (side, name)
        scorer = self._work.tasks[task].scorer
        base, adapter = (self._store.scores(side, task, scorer, whole=False) for side in sides)
        if any(
            scores is not None and self._samples[name, task] != scores.passed.shape[1]
            for name, scores in zip(sides, (base, adapter), strict=True)
        ):
            return None  # an interrupted start left the first samples alone
        return first_of(policy.schedule, task, n, base, adapter)
