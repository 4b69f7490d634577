"""Evidence of a run that may stop early: the first prompts of a random order, and bounds that allow for looks.

It knows no adapter and no store."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from assay import stats
from assay.records import Schedule, Scores

__all__ = ["design_of", "evidence_at", "first_prompts", "in_prompts", "order"]


def order(seed: int, task: str, size: int) -> list[int]:
    """Positions 0 to size - 1 in a random order, which the base and all adapters share."""
    positions = list(range(size))
    random.Random(f"{seed}/{task}").shuffle(positions)  # noqa: S311 - no secret
    return positions


def design_of(schedule: Schedule, task: str) -> stats.Design:
    """The schedule of looks on a task."""
    return stats.Design(len(schedule.orders[task]), schedule.design, schedule.first, schedule.every)


def evidence_at(
    schedule: Schedule,
    task: str,
    differences: NDArray[np.float64],
    weights: NDArray[np.int64],
    looks: Sequence[int],
) -> stats.RepeatedGain | stats.BettingGain:
    """A gain whose interval allows for every look; differences and weights in the random order."""
    return design_of(schedule, task).evidence(differences, weights.astype(np.float64), looks=looks)


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
    chosen = both if n is None else both[:n]
    if not chosen:
        return None
    rows = [[side[position] for position in chosen] for side in places]
    return _rows(base, rows[0]), _rows(adapter, rows[1])


def _rows(scores: Scores, rows: Sequence[int]) -> Scores:
    return Scores(scores.passed[rows], scores.out_of[rows], scores.positions[rows])
