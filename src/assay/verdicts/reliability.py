"""Whether a subject passes every wording of a request: reliable@k. It describes and decides nothing.

reliable@k is the share of clusters whose first k wordings, in file order, all pass (Dong et al. 2025, arXiv
2512.14754). The unit of evidence is the cluster: wordings of one request are much alike.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from assay import stats
from assay.plan import Plan, Subject, TaskPlan
from assay.stats import ClusteredGain, Gain
from assay.tasks import Example
from assay.tasks.wordings import first_wordings, most_wordings
from assay.verdicts.descriptive import Reliability, ReliableRate
from assay.verdicts.evidence import Evidence
from assay.verdicts.pair import PairedScores, Pairs

__all__ = ["reliabilities"]

_Passes = NDArray[np.bool_]
"""(examples, samples)"""


def reliabilities(plan: Plan, pairs: Pairs, evidence: Evidence) -> tuple[Reliability, ...]:
    """One for each base and adapter on each task whose file names clusters and whose primary metric passes or fails."""
    found: list[Reliability] = []
    for task in () if plan.summary else plan.tasks.values():
        examples = evidence.examples(task.name)
        if task.metrics[0].kind != "binary" or not most_wordings(examples):
            continue
        for subject in (*plan.bases, *plan.adapters):
            sides = _sides(subject, task, pairs, evidence, subject in plan.bases)
            if sides is not None:
                found.append(_reliability(plan, subject, task, examples, *sides))
    return tuple(found)


def _sides(
    subject: Subject, task: TaskPlan, pairs: Pairs, evidence: Evidence, is_base: bool
) -> tuple[_Passes, _Passes | None] | None:
    """(the subject's passes, its base's, None for a base); None where it was not measured."""
    if is_base:
        own = _passes(evidence, subject.name, task)
        return None if own is None else (own, None)
    if not isinstance(pairs.cells[subject.name, task.primary], PairedScores):
        return None
    side = evidence.counterpart(subject.name, subject.base, task.name)
    own, base = (None if name is None else _passes(evidence, name, task) for name in (subject.name, side))
    return None if own is None or base is None else (own, base)


def _passes(evidence: Evidence, name: str, task: TaskPlan) -> _Passes | None:
    scores = evidence.scores(name, task.name)
    if scores is None:
        return None
    passes = np.zeros(scores.passed.shape[:2], dtype=np.bool_)
    passes[scores.positions] = scores.passed[:, :, 0] > 0
    return passes


def _reliability(
    plan: Plan,
    subject: Subject,
    task: TaskPlan,
    examples: tuple[Example, ...],
    own: _Passes,
    base: _Passes | None,
) -> Reliability:
    level = 1 - 2 * plan.alpha
    return Reliability(
        subject=subject.name,
        base=None if base is None else subject.base,
        metric=str(task.primary),
        level=level,
        rates=tuple(_rates(examples, own, base, level)),
    )


def _rates(
    examples: tuple[Example, ...], own: _Passes, base: _Passes | None, level: float
) -> Iterator[ReliableRate]:
    for k in range(1, most_wordings(examples) + 1):
        clusters = np.array(first_wordings(examples, k))
        reliable = own[clusters].all(axis=1)
        gain = None if base is None else _gain(base[clusters].all(axis=1), reliable)
        yield ReliableRate(
            k=k,
            clusters=len(clusters),
            score=float(reliable.mean()),
            interval=_interval(reliable, level),
            gain=None if gain is None else gain.estimate,
            gain_interval=None if gain is None else gain.interval(level),
        )


def _interval(reliable: _Passes, level: float) -> tuple[float, float]:
    """reliable: (clusters, samples)."""
    if reliable.shape[1] == 1:
        return stats.proportion_interval(int(reliable.sum()), len(reliable), level)
    low, high = ClusteredGain(reliable.mean(axis=1), np.ones(len(reliable))).interval(level)
    return max(low, 0.0), high


def _gain(before: _Passes, after: _Passes) -> Gain:
    weights = np.ones(len(before), dtype=np.int64)
    if before.shape[1] == after.shape[1] == 1:
        return stats.paired_gain(before[:, 0].astype(np.int64), after[:, 0].astype(np.int64), weights)
    return ClusteredGain(after.mean(axis=1) - before.mean(axis=1), weights.astype(np.float64))
