"""When a run stops asking: looks at the evidence, and what they settle.

With `stop: decided`, an adapter's cell is asked from look to look, until every claim on it is settled. The base goes
as far as its furthest adapter, and a cell without a claim as far as the study says. Prompts come in one random order.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from assay import stats
from assay.binding import Bound, Round
from assay.engines import Prompt
from assay.errors import StudyError
from assay.records import Scores, Store
from assay.records.answers import answers
from assay.scoring import score_task
from assay.verdicts import Claim
from assay.verdicts.claims import split_metric
from assay.verdicts.early import Early, cell_key, first_prompts, in_prompts

__all__ = ["Stopping", "check"]

_Cell = tuple[str, str]
"""Adapter and task, by name."""


class Stopping:
    """Says what is asked next. With `stop: full`, all at once."""

    def __init__(self, bound: Bound, store: Store, to_the_end: bool = False) -> None:
        """Raise StudyError for a design that a claim's metric does not fit.

        `to_the_end` asks what is left of every cell at once, and looks no more before.
        """
        study = bound.study
        decided = study.stop.when == "decided"
        self._bound, self._store, self._to_the_end = bound, store, to_the_end or not decided
        self._bases = {adapter.name: adapter.base for adapter in study.adapters}
        self._claims: dict[_Cell, list[Claim]] = defaultdict(list)
        for claim in bound.claims:
            self._claims[claim.adapter, split_metric(claim.metric)[0]].append(claim)
        of_adapter = Counter(claim.adapter for claim in bound.claims)
        self._alpha = {
            name: study.alpha / (count if study.family == "adapter" else len(bound.claims))
            for name, count in of_adapter.items()
        }
        cells = tuple(bound.cells())
        self._asks = {cell.task: cell.asks for cell in cells if cell.asks}
        self._samples = {(cell.name, cell.task): cell.samples for cell in cells}
        self._early: Early | None = None
        if decided or Early.of(store) is not None:  # who has looked goes on allowing for it
            sizes = {name: len(examples) for name, examples in bound.examples.items()}
            self._early = Early.begun(study, sizes, store)
            self._early.keep(store)
            self._rank = {
                task: {
                    bound.examples[task][position].key: rank
                    for rank, position in enumerate(self._early.orders[task])
                }
                for task in sizes
            }

    def stages(self, one: Round, wanted: Sequence[Prompt]) -> Iterator[list[Prompt]]:
        """What is to be asked, stage by stage; each must be answered before the next is taken.

        Beside a look's prompts stands a share of the cells without a claim, so that batches stay full.
        """
        if self._early is None:
            yield list(wanted)
            return
        cells, claimed, open_ = self._standing(one)
        left = list(wanted)
        while True:
            goals = {cell: self._next(cell) if cell in open_ else self._last(cell) for cell in claimed}
            reach = self._reach(cells, goals, [goals[cell] / self._pool(cell[1]) for cell in open_])
            now, left = self._parted(left, reach)
            if now:
                yield now
            if not open_:
                return
            open_ = self._look({cell: goals[cell] for cell in open_})

    def needed(self, one: Round, wanted: Iterable[Prompt]) -> list[Prompt]:
        """Those that may yet be asked, as the evidence stands: nothing beyond where a settled cell stopped."""
        if self._early is None:
            return list(wanted)
        cells, claimed, open_ = self._standing(one)
        goals = {cell: self._pool(cell[1]) if cell in open_ else self._last(cell) for cell in claimed}
        return self._parted(wanted, self._reach(cells, goals, ()))[0]

    def _standing(self, one: Round) -> tuple[list[_Cell], list[_Cell], list[_Cell]]:
        """All cells of a round, those looked at, and of these the open ones; absent adapters' are not open."""
        cells = [(cell.name, cell.task) for cell in one.cells]
        decided = self._bound.study.stop.when == "decided"
        claimed = [cell for cell in cells if cell in self._claims and (decided or self._looks(cell))]
        self._score({task for _, task in claimed})
        absent = self._store.fact("absent")
        open_ = [cell for cell in claimed if cell[0] not in absent and not self._closed(cell)]
        return cells, claimed, open_

    def repeated(self, one: Round, wanted: Sequence[Prompt]) -> list[Prompt]:
        """Those of a base's second requests whose first was asked."""
        if self._early is None:
            return list(wanted)
        asked = {
            (cell.name, cell.task): {key for key, _, _ in self._store.held(cell.name, cell.task)}
            for cell in one.cells
            if cell.name == one.base
        }
        return [
            request for request in wanted if request.example in asked.get((request.subject, request.task), ())
        ]

    # -- how far each cell goes --------------------------------------------------------------------

    def _pool(self, task: str) -> int:
        return len(self._bound.examples[task])

    def _looks(self, cell: _Cell) -> Sequence[int]:
        assert self._early is not None  # noqa: S101
        return self._early.looks.get(self._content(cell), ())

    def _content(self, cell: _Cell) -> str:
        return cell_key(self._store, *cell)

    def _last(self, cell: _Cell) -> int:
        return max(self._looks(cell), default=0)

    def _next(self, cell: _Cell) -> int:
        assert self._early is not None  # noqa: S101
        if self._to_the_end:
            return self._pool(cell[1])
        return self._early.plan(cell[1]).next_look(self._last(cell)) or self._pool(cell[1])

    def _reach(
        self,
        cells: Sequence[_Cell],
        goals: Mapping[_Cell, int],
        shares: Sequence[float],
    ) -> dict[str, int]:
        """Prompts of each cell to be asked by the end of this stage, by its content."""
        share, bases = max(shares, default=1.0), self._bases
        reach: dict[str, int] = defaultdict(int)
        for name, task in cells:
            if name not in bases:
                continue
            budget = None if self._to_the_end else self._bound.study.stop.elsewhere
            elsewhere = min(budget or self._pool(task), self._pool(task))
            to = goals.get((name, task), math.ceil(share * elsewhere))
            side = self._store.counterpart(name, bases[name], task)
            for cell in ((name, task), (side or bases[name], task)):
                reach[self._content(cell)] = max(reach[self._content(cell)], to)
        return reach

    def _parted(
        self, requests: Iterable[Prompt], reach: Mapping[str, int]
    ) -> tuple[list[Prompt], list[Prompt]]:
        """Those to be asked by the end of this stage, and the others."""
        to: dict[_Cell, int] = {}
        parts: tuple[list[Prompt], list[Prompt]] = ([], [])
        for request in requests:
            cell = (request.name, request.task)
            if cell not in to:
                to[cell] = reach.get(self._content(cell), 0)
            parts[self._rank[request.task][request.example] >= to[cell]].append(request)
        return parts

    # -- looks -------------------------------------------------------------------------------------

    def _look(self, at: Mapping[_Cell, int]) -> list[_Cell]:
        """Score, note a look at each of these cells, and name those that go on."""
        assert self._early is not None  # noqa: S101
        self._score({task for _, task in at})
        absent = self._store.fact("absent")
        seen = {
            cell: n for cell, n in at.items() if cell[0] not in absent and self._sides(cell, n) is not None
        }
        self._early = self._early.looked({self._content(cell): n for cell, n in seen.items()})
        self._early.keep(self._store)
        return [cell for cell in seen if not self._closed(cell)]

    def _score(self, tasks: Iterable[str]) -> None:
        for task in tasks:
            for _ in score_task(self._bound.tasks[task], self._store, self._whole(task)):
                pass

    def _whole(self, task: str) -> list[int]:
        """Records without a score to whose example all was answered: an interrupted start leaves a part of it."""
        records = self._store.unscored(task, self._bound.tasks[task].scorer)
        if (asks := self._asks.get(task)) is None:
            return records
        return [
            record for record, key, given in answers(self._store, records) if len(given) == len(asks[key])
        ]

    def _closed(self, cell: _Cell) -> bool:
        """Whether every claim on a cell stands as of its last look."""
        assert self._early is not None  # noqa: S101
        adapter, task = cell
        looks = self._looks(cell)
        if not looks:  # nobody looked, and all is there: a sample of fixed size
            return self._sides(cell, self._pool(task)) is not None
        if self._to_the_end:
            return looks[-1] >= self._pool(task)
        sides = self._sides(cell, looks[-1])
        if sides is None:
            return False
        before, after = sides
        design = self._early.plan(task)
        metrics = self._bound.tasks[task].metrics
        names = [metric.name for metric in metrics]
        for claim in self._claims[cell]:
            index = names.index(split_metric(claim.metric)[1])
            differences = after.passed[:, :, index].mean(axis=1) - before.passed[:, :, index].mean(axis=1)
            paired = in_prompts(metrics[index].kind, differences, before.out_of[:, 0, index])
            gain = self._early.evidence(task, *paired, looks)
            standing = stats.stand(
                gain,
                claim.kind,
                claim.margin,
                self._alpha[adapter],
                pool=design.pool,
                futility=design.futility,
            )
            if not standing.stops:
                return False
        return True

    def _sides(self, cell: _Cell, n: int) -> tuple[Scores, Scores] | None:
        """Scores of base and adapter on the first n prompts; None where some are missing."""
        assert self._early is not None  # noqa: S101
        name, task = cell
        side = self._store.counterpart(name, self._bases[name], task)
        scorer = self._bound.tasks[task].scorer
        ours = self._store.scores(name, task, scorer, whole=False)
        theirs = self._store.scores(side, task, scorer, whole=False) if side else None
        if ours is None or theirs is None or side is None:
            return None
        if any(
            self._samples[one, task] != held.passed.shape[1] for one, held in ((name, ours), (side, theirs))
        ):
            return None  # an interrupted start left the first samples alone
        return first_prompts(theirs, ours, self._early.orders[task], n)


def check(bound: Bound, store: Store) -> None:
    """Raise StudyError for a design that a claim's metric does not fit, RunError for looks in another order."""
    study = bound.study
    if study.stop.when == "decided" or Early.of(store) is not None:
        Early.begun(study, {name: len(examples) for name, examples in bound.examples.items()}, store)
    if study.stop.when == "full":
        return
    for claim in bound.claims:
        task, metric = split_metric(claim.metric)
        kind = next(one.kind for one in bound.tasks[task].metrics if one.name == metric)
        if study.stop.design == "betting" and kind != "binary":
            raise StudyError(
                f"the betting design judges metrics of one check a prompt; {claim.metric} has several",
                place=study.locate("stop"),
                fix="write `design: group`, or claim another metric",
            )
