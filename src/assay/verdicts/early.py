"""How a run that may stop early was asked: the order of its prompts, and the looks that were taken.

Both stay in the run's records, so that `assay decide` reads the evidence as the run did. It knows no engine.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from assay import stats
from assay.errors import RunError
from assay.records import Scores, Store
from assay.study import Study

__all__ = ["Early", "cell_key", "first_prompts", "in_prompts", "order"]

FACT = "early"


@dataclass(frozen=True, slots=True)
class Early:
    """How prompts were asked before the end."""

    design: Literal["group", "betting"]
    first: int
    every: int
    orders: Mapping[str, Sequence[int]]
    """By task: positions of its examples, in the order of asking."""
    looks: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """By `cell_key` of an adapter: prompts at every look that was taken."""

    @classmethod
    def begun(cls, study: Study, sizes: Mapping[str, int], store: Store) -> Early:
        """As the study says, with the looks that an earlier start took, under whatever schedule.

        Raises RunError where those looks were at other prompts, or at these in another order.
        """
        earlier = cls.of(store)
        orders = {task: order(study.seed, task, size) for task, size in sizes.items()}
        for task, positions in earlier.orders.items() if earlier else ():
            if task in sizes and len(positions) != sizes[task]:
                raise RunError(
                    f"task {task!r}: this run has looked at the first of {len(positions)} prompts in a random order, and "
                    f"the study now gives {sizes[task]}; give the `limit` and the file of then, or use another folder"
                )
            if list(positions) != orders.get(task, list(positions)):
                raise RunError(
                    f"task {task!r}: this run has looked at its prompts in their order of then, and another `seed` "
                    f"would void its bounds; use another folder"
                )
        if earlier is None:
            return cls(study.stop.design, study.stop.first, study.stop.every, orders)
        now = replace(earlier, orders={**earlier.orders, **orders})
        if study.stop.when == "full":
            return now
        return replace(now, design=study.stop.design, first=study.stop.first, every=study.stop.every)

    @classmethod
    def of(cls, store: Store) -> Early | None:
        """As a run's records have it; None where nobody looked before the end."""
        found: dict[str, Any] | None = store.fact(FACT)
        return cls(**found) if found else None

    def keep(self, store: Store) -> None:
        """Write it into the records."""
        plain = {
            "design": self.design,
            "first": self.first,
            "every": self.every,
            "orders": {task: list(positions) for task, positions in self.orders.items()},
            "looks": {cell: list(taken) for cell, taken in self.looks.items()},
        }
        store.set_fact(FACT, plain)

    def looked(self, taken: Mapping[str, int]) -> Early:
        """With one more look at each of these cells, at so many prompts."""
        more = {cell: sorted({*self.looks.get(cell, ()), n}) for cell, n in taken.items()}
        return replace(self, looks={**self.looks, **more})

    def plan(self, task: str) -> stats.Design:
        """The schedule on a task."""
        return stats.Design(len(self.orders[task]), self.design, self.first, self.every)

    def evidence(
        self,
        task: str,
        differences: NDArray[np.float64],
        weights: NDArray[np.int64],
        looks: Sequence[int],
    ) -> stats.RepeatedGain | stats.BettingGain:
        """A gain whose interval allows for every look; differences and weights in the order of asking."""
        return self.plan(task).evidence(differences, weights.astype(np.float64), looks=looks)


def in_prompts(
    kind: str, differences: NDArray[np.float64], weights: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Differences and weights of a metric of this kind, a prompt counting 1 where it may.

    A number between 0 and 1 comes in parts of a million; where it is 0 or 1 throughout, a look tests it as the full run
    does, as a pass or a fail.
    """
    if kind != "mean" or (weights != weights[0]).any():
        return differences, weights
    return differences / weights[0], np.ones_like(weights)


def cell_key(store: Store, name: str, task: str) -> str:
    """Of a task and what a name means on it: names that mean the same share their responses."""
    return f"{task} {store.content(name, task) or ''}"


def order(seed: int, task: str, size: int) -> list[int]:
    """Positions 0 to size - 1 in the order of asking: one for the base and all adapters."""
    positions = list(range(size))
    random.Random(f"{seed}/{task}").shuffle(positions)  # noqa: S311 - no secret
    return positions


def first_prompts(
    base: Scores, adapter: Scores, positions: Sequence[int], n: int | None = None
) -> tuple[Scores, Scores] | None:
    """Both sides on the first n prompts of an order, in that order; None where one of them lacks a side.

    Without n, on every prompt that both answered.
    """
    places = [{int(position): row for row, position in enumerate(side.positions)} for side in (base, adapter)]
    both = [position for position in positions if all(position in side for side in places)]
    if n is not None and both[:n] != list(positions[:n]):
        return None
    wanted = both if n is None else both[:n]
    if not wanted:
        return None
    rows = [[side[position] for position in wanted] for side in places]
    return _rows(base, rows[0]), _rows(adapter, rows[1])


def _rows(scores: Scores, rows: Sequence[int]) -> Scores:
    return Scores(scores.passed[rows], scores.out_of[rows], scores.positions[rows])
