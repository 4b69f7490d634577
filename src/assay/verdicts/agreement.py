"""Whether the benchmarks of one capability agree about adapters. It describes and decides nothing.

It reads gains that were measured already, and no record.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from assay import stats
from assay.plan import MetricName, Plan, Policy, Subject
from assay.stats.agreement import rank_agreement
from assay.verdicts.descriptive import (
    AdapterAgreement,
    Agreement,
    BenchmarkGain,
    PairAgreement,
    RankCorrelation,
)
from assay.verdicts.pair import PairedScores, Pairs, Unmeasured
from assay.verdicts.result import ClaimResult

__all__ = ["agreements"]

RANK_LEVEL = 0.95
NAMED = 8
"""Most adapters that a sentence names."""
_Key = tuple[str, MetricName]
"""Adapter and metric."""
DIGITS = 12
"""Digits of a gain: further digits are rounding, as in means over samples that cancel."""


@dataclass(frozen=True, slots=True)
class _Both:
    """An adapter that two benchmarks measured."""

    adapter: Subject
    first: BenchmarkGain
    second: BenchmarkGain
    sides: tuple[int, int]
    """The result of `stats.side`."""


def agreements(plan: Plan, claims: Sequence[ClaimResult], pairs: Pairs) -> tuple[Agreement, ...]:
    """The agreement on each capability that several tasks share, in the order of the tasks."""
    judged: dict[_Key, list[ClaimResult]] = defaultdict(list)
    for claim in (claim for claim in claims if claim.against is None):
        judged[claim.adapter, MetricName.parse(claim.metric)].append(claim)
    claimed = {metric for _, metric in judged}
    sharing: dict[str, list[MetricName]] = defaultdict(list)
    for task in plan.tasks.values():
        sharing[task.capability].append(
            next((metric for metric in task.metric_names if metric in claimed), task.primary)
        )
    return tuple(
        _agreement(plan, capability, metrics, judged, pairs)
        for capability, metrics in sharing.items()
        if len(metrics) > 1
    )


def _agreement(
    plan: Plan,
    capability: str,
    metrics: Sequence[MetricName],
    judged: Mapping[_Key, Sequence[ClaimResult]],
    pairs: Pairs,
) -> Agreement:
    level = 1 - 2 * plan.alpha
    rows = []
    for adapter in _adapters(plan):
        claims = [judged.get((adapter.name, metric), ()) for metric in metrics]
        gains = tuple(
            _gain(pairs.cells[adapter.name, metric], level, made[0].verdict if made else None)
            for metric, made in zip(metrics, claims, strict=True)
        )
        depends, differs = _depends(gains, claims)
        rows.append(AdapterAgreement(adapter.name, adapter.base, adapter.label, gains, depends, differs))
    cells = [[pairs.cells[row.adapter, metric] for metric in metrics] for row in rows]
    sides = [
        [stats.side(cell.gain, plan.alpha) if isinstance(cell, PairedScores) else 0 for cell in row]
        for row in cells
    ]
    compared = tuple(_pairs(plan, metrics, rows, sides))
    depends_on = tuple(row.adapter for row in rows if row.depends)
    return Agreement(
        capability=capability,
        metrics=tuple(map(str, metrics)),
        level=level,
        adapters=tuple(rows),
        pairs=compared,
        depends=depends_on,
        statement=_statement(capability, metrics, rows, judged),
    )


def _gain(cell: PairedScores | Unmeasured, level: float, verdict: str | None) -> BenchmarkGain | None:
    if isinstance(cell, PairedScores):
        return BenchmarkGain(round(cell.gain.estimate, DIGITS), cell.gain.interval(level), verdict)
    if cell.inert or cell.score is None or cell.base_score is None:
        return None
    return BenchmarkGain(round(cell.score - cell.base_score, DIGITS), None, verdict)


def _depends(
    gains: Sequence[BenchmarkGain | None], claims: Sequence[Sequence[ClaimResult]]
) -> tuple[bool, bool]:
    """(whether one verdict passes the default gate and another fails it, whether the gains differ there).

    Of claims of one kind: to gain on one benchmark and to keep another are different promises.
    """
    policy = Policy()
    claims = [[claim for claim in made if not claim.says_nothing] for made in claims]
    pairs = [
        (up, down)
        for up, passing in zip(gains, claims, strict=True)
        for down, failing in zip(gains, claims, strict=True)
        for one in passing
        for other in failing
        if one.kind == other.kind and one.verdict in policy.passing and other.verdict in policy.failing
    ]
    return bool(pairs), any(up is not None and down is not None and _apart(up, down) for up, down in pairs)


def _apart(one: BenchmarkGain, other: BenchmarkGain) -> bool:
    """Whether the interval of the difference excludes 0; benchmarks have prompts of their own."""
    if one.interval is None or other.interval is None:
        return False
    _, low, high = stats.mover_difference((one.gain, *one.interval), (other.gain, *other.interval))
    return low > 0 or high < 0


def _adapters(plan: Plan) -> list[Subject]:
    """Of each training one adapter: its other scales and earlier steps are no evidence of their own. No control.

    One that makes a claim, at scale 1 rather than another; the result of the training, or else its last checkpoint.
    """
    claimed = {claim.subject.name for claim in plan.claims}

    def rank(subject: Subject) -> tuple[object, ...]:
        return subject.name not in claimed, subject.is_dose, subject.step is not None, -(subject.step or 0)

    kept: dict[tuple[object, ...], str] = {}
    for subject in sorted((adapter for adapter in plan.adapters if not adapter.control), key=rank):
        kept.setdefault((*subject.training[:2], subject.seed), subject.name)
    return [subject for subject in plan.adapters if subject.name in kept.values()]


def _pairs(
    plan: Plan,
    metrics: Sequence[MetricName],
    rows: Sequence[AdapterAgreement],
    sides: Sequence[Sequence[int]],
) -> Iterator[PairAgreement]:
    for first, second in combinations(range(len(metrics)), 2):
        both = [
            _Both(adapter, gain, other, (side[first], side[second]))
            for adapter, row, side in zip(_adapters(plan), rows, sides, strict=True)
            if (gain := row.gains[first]) is not None and (other := row.gains[second]) is not None
        ]
        if both:
            yield _pair(plan, str(metrics[first]), str(metrics[second]), both)


def _pair(plan: Plan, first: str, second: str, both: Sequence[_Both]) -> PairAgreement:
    signs = [np.sign(entry.first.gain) * np.sign(entry.second.gain) for entry in both]
    sure = [entry.sides[0] * entry.sides[1] for entry in both]
    bases = [base.name for base in plan.bases if any(entry.adapter.base == base.name for entry in both)]
    return PairAgreement(
        first=first,
        second=second,
        adapters=len(both),
        same_sign=signs.count(1),
        opposite_sign=signs.count(-1),
        surely_same=sure.count(1),
        surely_opposite=sure.count(-1),
        ranks=tuple(_ranks(base, both) for base in (*bases, *([None] if len(bases) > 1 else []))),
    )


def _ranks(base: str | None, both: Sequence[_Both]) -> RankCorrelation:
    """Seeds of a recipe are not independent evidence of agreement, so their mean is one point."""
    points: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    for entry in both:
        if base is None or entry.adapter.base == base:
            key = (entry.adapter.base, entry.adapter.recipe)
            points[key].append((entry.first.gain, entry.second.gain))
    means = np.array([np.mean(gains, axis=0) for gains in points.values()])
    value, low, high = rank_agreement(means[:, 0], means[:, 1], RANK_LEVEL)
    interval = None if low is None or high is None else (low, high)
    return RankCorrelation(base, len(means), value, interval)


def _statement(
    capability: str,
    metrics: Sequence[MetricName],
    rows: Sequence[AdapterAgreement],
    judged: Mapping[_Key, Sequence[ClaimResult]],
) -> str:
    """A sentence on whether a label's verdict depends on the benchmark."""
    of = f"{capability} is measured by {', '.join(map(str, metrics))}"
    asked = [row for row in rows if sum((row.adapter, metric) in judged for metric in metrics) > 1]
    if not asked:
        return (
            f"{of}. No adapter makes a claim on more than one of them, so no verdict depends on the choice."
        )
    depends = [row for row in asked if row.depends]
    on = f"of {len(asked)} {'adapter' if len(asked) == 1 else 'adapters'} with a claim on several of them"
    if not depends:
        return f"{of}. {on[0].upper()}{on[1:]}, none passes on one and fails on another."
    names = ", ".join(row.adapter for row in depends[:NAMED])
    more = f" and {len(depends) - NAMED} more" if len(depends) > NAMED else ""
    apart = sum(row.differs for row in depends)
    sure = f"in {apart} of these" if apart else "in none of these"
    return (
        f"{of}. The verdict depends on the benchmark chosen for {len(depends)} {on}: {names}{more} "
        f"{'passes' if len(depends) == 1 else 'pass'} on one and "
        f"{'fails' if len(depends) == 1 else 'fail'} on another; {sure} the gains themselves are shown to differ."
    )
