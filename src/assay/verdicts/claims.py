"""Verdicts on each adapter's claims, and descriptions of all its other cells. It knows no response."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from assay import stats
from assay.plan import Claim, MetricName, Plan, Subject, family_alphas
from assay.verdicts.pair import PairedScores, Pairs, Unmeasured
from assay.verdicts.result import Cell, ClaimResult, ControlResult, Counts, Pool

__all__ = [
    "FAILS",
    "HOLDS",
    "at_least",
    "controls",
    "count",
    "describe",
    "extreme_of",
    "judge_claim",
    "judge_claims",
    "other_cells",
    "p_values",
]

FLOOR, CEILING = 0.05, 0.95
"""Base scores below and above which a benchmark cannot show what a label is about."""
FAILS = {"gains": "a gain of the margin or more is excluded", "keeps": "a fall is shown"}
"""What Holm's count of failures counts, by kind of claim. A `trivial` gain counts both as failing and as holding."""
HOLDS = {"gains": "a gain is shown", "keeps": "a fall of the margin or more is excluded"}
_WITHOUT_GAIN = (stats.Verdict.NO_GAIN, stats.Verdict.HARMED, stats.Verdict.NOT_APPLIED)


def judge_claims(plan: Plan, pairs: Pairs) -> tuple[ClaimResult, ...]:
    """A verdict for each claim, at alpha divided by the size of its declared family."""
    names = [claim.subject.adapter for claim in plan.claims]
    families = zip(
        family_alphas(names, plan.alpha, "adapter"), family_alphas(names, plan.alpha, "study"), strict=True
    )
    return tuple(
        judge_claim(claim, pairs.of(claim), of_adapter, of_study, plan.stop.pool)
        for claim, (of_adapter, of_study) in zip(plan.claims, families, strict=True)
    )


def judge_claim(
    claim: Claim, cell: PairedScores | Unmeasured, of_adapter: float, of_study: float, pool: bool
) -> ClaimResult:
    """The verdict on a claim. of_adapter, of_study: its alpha if each adapter, or all claims of the study, were one family."""
    common = {
        "adapter": claim.subject.name,
        "base": claim.subject.base,
        "against": claim.against,
        "label": claim.label,
        "metric": str(claim.metric),
        "kind": claim.kind,
        "margin": claim.margin,
        "base_score": cell.base_score,
        "score": cell.score,
        "extreme": extreme_of(cell.base_score),
        "control": claim.subject.control,
    }
    if isinstance(cell, Unmeasured):
        word = stats.Verdict.NOT_APPLIED if cell.inert else stats.Verdict.NOT_MEASURED
        return ClaimResult(**common, verdict=word, reason=cell.reason, gain=_difference(cell))  # type: ignore[arg-type]
    finding = stats.judge(cell.gain, claim.kind, claim.margin, claim.alpha)
    binary = isinstance(cell.gain, stats.PairedGain)
    return ClaimResult(
        **common,  # type: ignore[arg-type]
        verdict=finding.verdict,
        material=finding.material,
        kept_within_margin=finding.kept_within_margin,
        n=cell.gain.n,
        gain=cell.gain.estimate,
        interval=(finding.low, finding.high),
        level=finding.level,
        adapter_interval=stats.agreeing_interval(cell.gain, claim.margin, of_adapter),
        study_interval=stats.agreeing_interval(cell.gain, claim.margin, of_study),
        p=finding.p,
        p_exact=stats.mcnemar_exact(cell.better, cell.worse) if binary else None,
        better=cell.better,
        worse=cell.worse,
        examples_needed=cell.in_prompts(finding.examples_needed),
        split=cell.split,
        stop=cell.stop,
        pool=_pool(cell, claim.margin, claim.alpha) if pool else None,
    )


def extreme_of(base_score: float | None) -> Literal["floor", "ceiling"] | None:
    """Whether a base is so low, or so high, that a missing gain says nothing about a label."""
    if base_score is None or FLOOR <= base_score <= CEILING:
        return None
    return "floor" if base_score < FLOOR else "ceiling"


def _pool(cell: PairedScores, margin: float, alpha: float) -> Pool | None:
    """None where the number of checks of the remaining prompts is not known."""
    if cell.stop is None or (cell.weights != 1).any():
        return None
    answer = stats.pool_answer(cell.differences, np.ones(cell.stop.pool), margin, alpha)
    return Pool(answer.word, (answer.low, answer.high), answer.settled)


def _difference(cell: Unmeasured) -> float | None:
    if cell.score is None or cell.base_score is None:
        return None
    return cell.score - cell.base_score


def controls(plan: Plan, judged: Sequence[ClaimResult]) -> tuple[ControlResult, ...]:
    """What the study's control adapters did: one that must gain fails where it surely does not, one that must not where
    a gain is shown."""
    found = []
    for claim, result in zip(plan.claims, judged, strict=True):
        if claim.subject.control is None:
            continue
        must_not = claim.subject.control == "no gain"
        failed = result.verdict.rises if must_not else result.verdict in _WITHOUT_GAIN
        found.append(
            ControlResult(
                claim.subject.name, str(claim.metric), claim.subject.control, result.verdict, failed
            )
        )
    return tuple(found)


def other_cells(plan: Plan, pairs: Pairs) -> tuple[Cell, ...]:
    """Every cell (adapter, metric) without a claim; q-values over the exploratory ones."""
    claimed = {(claim.subject.name, claim.against, claim.metric) for claim in plan.claims}
    off_target = plan.off_target()
    listed: dict[tuple[str, str | None, MetricName], Subject] = {
        (adapter.name, None, metric): adapter for adapter in plan.adapters for metric in plan.metrics
    }
    for claim in plan.claims:
        if claim.against:
            listed |= {
                (claim.subject.name, claim.against, metric): claim.subject for metric in claim.off_target
            }
    cells = [
        describe(plan, adapter, key, "exploratory" if key in off_target else "descriptive", pairs)
        for key, adapter in listed.items()
        if key not in claimed
    ]
    return _adjusted(cells, plan.alpha, {adapter.name for adapter in plan.adapters if adapter.control})


def describe(
    plan: Plan,
    adapter: Subject,
    key: tuple[str, str | None, MetricName],
    kind: Literal["exploratory", "descriptive", "regression"],
    pairs: Pairs,
    margin: float | None = None,
) -> Cell:
    """A cell at the study's alpha. margin: the task's unless given; the interval agrees with the tests at it."""
    _, against, metric = key
    cell = pairs.cell(*key)
    margin = plan.tasks[metric.task].margin if margin is None else margin
    described = Cell(
        adapter=adapter.name,
        base=adapter.base,
        against=against,
        label=adapter.label,
        metric=str(metric),
        kind=kind,
        margin=margin,
        base_score=cell.base_score,
        score=cell.score,
    )
    if isinstance(cell, Unmeasured):
        return replace(described, reason=cell.reason, gain=_difference(cell))
    low, high = stats.agreeing_interval(cell.gain, margin, plan.alpha)
    return replace(
        described,
        n=cell.gain.n,
        gain=cell.gain.estimate,
        interval=(low, high),
        level=1 - 2 * plan.alpha,
        p=cell.gain.p_two_sided,
        harm_excluded=cell.gain.rejects_above(-margin, plan.alpha),
        better=cell.better,
        worse=cell.worse,
        split=cell.split,
        stop=cell.stop,
    )


def _adjusted(cells: Sequence[Cell], alpha: float, controls: Collection[str]) -> tuple[Cell, ...]:
    """With q-values; a control, which is there to move, makes no finding and no other cell's q-value smaller."""
    tested = [
        index
        for index, cell in enumerate(cells)
        if cell.kind == "exploratory" and cell.p is not None and cell.adapter not in controls
    ]
    q_values = stats.benjamini_hochberg([cells[index].p or 0.0 for index in tested])
    adjusted = list(cells)
    for index, q in zip(tested, q_values, strict=True):
        cell = cells[index]
        finding = None
        if q <= alpha and cell.gain:
            finding = "gains elsewhere" if cell.gain > 0 else "harms elsewhere"
        adjusted[index] = replace(cell, q=float(q), finding=finding)  # type: ignore[arg-type]
    return tuple(adjusted)


def p_values(claim: Claim, gain: stats.Gain | None, level: float, extreme: bool) -> tuple[float, float]:
    """(that it fails, that it holds): of {gain >= margin} and {gain <= 0} for `gains`, of {gain >= 0} and
    {gain <= -margin} for `keeps`.

    1 without paired evidence, or where looks contradict each other at `level`. Where the base is at a floor or ceiling
    (`extreme`) only a fall shows that a `gains` claim fails: a missing gain says nothing of the label.
    """
    if gain is None or stats.contradicted(gain, (-claim.margin, 0.0, claim.margin), level):
        return 1.0, 1.0
    if claim.kind == "keeps":
        return gain.p_below(0.0), gain.p_above(-claim.margin)
    return gain.p_below(0.0 if extreme else claim.margin), gain.p_above(0.0)


def at_least(found: Sequence[tuple[float, float]], alpha: float) -> tuple[int, int]:
    """Holm's count of the claims that fail, and of those that hold."""
    fails, holds = ([pair[side] for pair in found] for side in (0, 1))
    return (stats.holm_count(fails, alpha), stats.holm_count(holds, alpha)) if found else (0, 0)


def count(plan: Plan, judged: Sequence[ClaimResult], pairs: Pairs) -> Counts:
    """The study-wide line: how many labels fail or hold at least (Holm over every declared claim)."""
    counted = [
        (claim, result)
        for claim, result in zip(plan.claims, judged, strict=True)
        if not claim.subject.control
    ]
    fails, holds = at_least(
        [
            p_values(claim, _believed(pairs.of(claim), result), claim.alpha, result.extreme is not None)
            for claim, result in counted
        ],
        plan.alpha,
    )
    total = len(counted)
    kinds = {claim.kind for claim, _ in counted}
    what_fails = " or ".join(FAILS[kind] for kind in ("gains", "keeps") if kind in kinds)
    what_holds = " or ".join(HOLDS[kind] for kind in ("gains", "keeps") if kind in kinds)
    failing = f"at least {fails} {'fails' if fails == 1 else 'fail'}" if fails else "none is shown to fail"
    holding = f"at least {holds} {'holds' if holds == 1 else 'hold'}" if holds else "none is shown to hold"
    confidence = f"{100 * (1 - plan.alpha):g} % confidence"
    sure = f"with {confidence} in each number"
    if not fails and not holds:
        holding, sure = "none to hold", f"at {confidence}"
    statement = (
        f"Of {total} {'claim' if total == 1 else 'claims'}, {failing} ({what_fails}) and {holding} ({what_holds}), "
        f"{sure} over the whole study."
    )
    return Counts(total, dict(Counter(result.verdict for _, result in counted)), fails, holds, statement)


def _believed(cell: PairedScores | Unmeasured, result: ClaimResult) -> stats.Gain | None:
    """None where there is no paired evidence, or the word would not hold if unequal noise moved the gain."""
    return cell.gain if isinstance(cell, PairedScores) and not result.within_noise else None
