"""Scores by turn, and how they drop from turn to turn, beside the base's drop. It describes and decides nothing.

The unit of evidence is the conversation: a drop is the mean over conversations of what a subject passes on one turn
and not on the next. Metrics of a turn are known by name: `turn_2_prompt_strict`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from assay import stats
from assay.plan import MetricName, Plan, Subject, TaskPlan
from assay.records import Scores
from assay.stats import ClusteredGain, Gain
from assay.verdicts.clusters import by_cluster
from assay.verdicts.descriptive import TurnScore, TurnScores
from assay.verdicts.evidence import Evidence
from assay.verdicts.pair import PairedScores, Pairs

__all__ = ["turn_scores"]

_TURN = re.compile(r"turn_(\d+)_(.+)")
_Passes = NDArray[np.int64]
"""(conversations, samples)"""


def turn_scores(plan: Plan, pairs: Pairs, evidence: Evidence) -> tuple[TurnScores, ...]:
    """One for each base and adapter on each metric of turns that a conversation passes or fails.

    Where a run stopped early there are none: their intervals would not allow for the looks.
    """
    return tuple(
        _entry(plan, subject, MetricName(task.name, name), indices, *sides)
        for task in (() if plan.summary else plan.tasks.values())
        for name, indices in _turn_metrics(task).items()
        for subject in (*plan.bases, *plan.adapters)
        if (sides := _sides(subject, task, pairs, evidence, subject in plan.bases)) is not None
    )


def _turn_metrics(task: TaskPlan) -> dict[str, list[int]]:
    """By a metric's name without its turn: the place of each turn's metric, from turn 1."""
    named = [
        (match[2], int(match[1]), index)
        for index, metric in enumerate(task.metrics)
        if metric.kind == "binary" and (match := _TURN.fullmatch(metric.name))
    ]
    found: dict[str, list[int]] = {}
    for name, _, index in sorted(named, key=lambda entry: entry[1]):
        found.setdefault(name, []).append(index)
    return {name: indices for name, indices in found.items() if len(indices) > 1}


def _sides(
    subject: Subject, task: TaskPlan, pairs: Pairs, evidence: Evidence, is_base: bool
) -> tuple[Scores, Scores | None] | None:
    """(the subject's scores, its base's, None for a base); None where it was not measured."""
    names = [subject.name]
    if not is_base:
        side = evidence.counterpart(subject.name, subject.base, task.name)
        if side is None or not isinstance(pairs.cells[subject.name, task.primary], PairedScores):
            return None
        names.append(side)
    read = [evidence.scores(name, task.name) for name in names]
    clusters = evidence.clusters(task.name)
    scores = [each if each is None or clusters is None else by_cluster(each, clusters) for each in read]
    own, base = scores[0], scores[-1]
    return None if own is None or base is None else (own, None if is_base else base)


def _entry(
    plan: Plan, subject: Subject, metric: MetricName, indices: list[int], own: Scores, base: Scores | None
) -> TurnScores:
    level = 1 - 2 * plan.alpha
    return TurnScores(
        subject=subject.name,
        base=None if base is None else subject.base,
        metric=str(metric),
        conversations=len(own.positions),
        level=level,
        by_turn=tuple(_turns(indices, own, base, level)),
    )


def _turns(indices: list[int], own: Scores, base: Scores | None, level: float) -> Iterator[TurnScore]:
    before: int | None = None
    for turn, index in enumerate(indices, 1):
        drop = change = None
        weights = own.out_of[:, 0, index]
        if before is not None:
            drop = _drop(own.passed[:, :, before], own.passed[:, :, index], weights)
            if base is not None:
                change = _change(own.passed, base.passed, before, index, weights)
        yield TurnScore(
            turn=turn,
            score=float(own.passed[:, :, index].sum() / own.out_of[:, :, index].sum()),
            drop=None if drop is None else drop.estimate,
            drop_interval=None if drop is None else drop.interval(level),
            more=None if change is None else 2 * change.estimate,
            more_interval=None if change is None else _doubled(change.interval(level)),
        )
        before = index


def _drop(earlier: _Passes, later: _Passes, weights: NDArray[np.int64]) -> Gain:
    """Passed on the earlier turn minus passed on the later one."""
    if earlier.shape[1] == 1 and (weights == 1).all():
        return stats.paired_gain(later[:, 0], earlier[:, 0], weights)
    return ClusteredGain(earlier.mean(axis=1) - later.mean(axis=1), weights.astype(np.float64))


def _change(
    own: NDArray[np.int64], base: NDArray[np.int64], before: int, index: int, weights: NDArray[np.int64]
) -> Gain:
    """Half of the subject's drop minus the base's: a difference of two drops is up to twice a weight."""
    drops = [side[:, :, before].mean(axis=1) - side[:, :, index].mean(axis=1) for side in (own, base)]
    return ClusteredGain((drops[0] - drops[1]) / 2, weights.astype(np.float64))


def _doubled(interval: tuple[float, float]) -> tuple[float, float]:
    return 2 * interval[0], 2 * interval[1]
