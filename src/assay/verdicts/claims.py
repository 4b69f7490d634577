"""Each adapter's claims, judged, and every other cell of it, described."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from assay import stats
from assay.plan import Claim, MetricName, Plan, Subject, family_alphas
from assay.verdicts.pair import PairedScores, Pairs, Unmeasured
from assay.verdicts.result import Cell, ClaimResult, Counts, Pool

__all__ = [
    "FAILS",
    "HOLDS",
    "Shown",
    "at_least",
    "count",
    "judge_claims",
    "never",
    "other_cells",
    "shows_failure",
    "shows_success",
]

Shown = Callable[[float], bool]
"""Whether something is shown at a one-sided level."""


FAILS = {"gains": "a gain of the margin or more is excluded", "keeps": "a fall is shown"}
"""What Holm's count of failures counts, by kind of claim. A `trivial` gain fails, and holds as well."""
HOLDS = {"gains": "a gain is shown", "keeps": "a fall of the margin or more is excluded"}


def never(_: float) -> bool:
    """Shown at no level: of what was not measured, or is inert."""
    return False


def judge_claims(plan: Plan, pairs: Pairs) -> tuple[ClaimResult, ...]:
    """A verdict for each claim, at alpha divided by the size of its declared family."""
    names = [claim.subject.name for claim in plan.claims]
    families = zip(
        family_alphas(names, plan.alpha, "adapter"), family_alphas(names, plan.alpha, "study"), strict=True
    )
    return tuple(
        _judge(claim, pairs.of(claim), of_adapter, of_study, plan.stop.pool)
        for claim, (of_adapter, of_study) in zip(plan.claims, families, strict=True)
    )


def _judge(
    claim: Claim, cell: PairedScores | Unmeasured, of_adapter: float, of_study: float, pool: bool
) -> ClaimResult:
    """of_adapter, of_study: its alpha were each adapter, or all claims of the study, one family."""
    common = {
        "adapter": claim.subject.name,
        "base": claim.reference.name,
        "label": claim.label,
        "metric": str(claim.metric),
        "kind": claim.kind,
        "margin": claim.margin,
        "base_score": cell.base_score,
        "score": cell.score,
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
        adapter_interval=cell.gain.interval(1 - 2 * of_adapter),
        study_interval=cell.gain.interval(1 - 2 * of_study),
        p=finding.p,
        p_exact=stats.mcnemar_exact(cell.better, cell.worse) if binary else None,
        better=cell.better,
        worse=cell.worse,
        examples_needed=finding.examples_needed,
        split=cell.split,
        stop=cell.stop,
        pool=_pool(cell, claim.margin, claim.alpha) if pool else None,
    )


def _pool(cell: PairedScores, margin: float, alpha: float) -> Pool | None:
    """None where how many checks the prompts to come have is not known."""
    if cell.stop is None or (cell.weights != 1).any():
        return None
    answer = stats.pool_answer(cell.differences, np.ones(cell.stop.pool), margin, alpha)
    return Pool(answer.word, (answer.low, answer.high), answer.settled)


def _difference(cell: Unmeasured) -> float | None:
    if cell.score is None or cell.base_score is None:
        return None
    return cell.score - cell.base_score


def other_cells(plan: Plan, pairs: Pairs) -> tuple[Cell, ...]:
    """Every (adapter, metric) that no claim names; q-values over the exploratory ones."""
    claimed = {(claim.subject.name, claim.metric) for claim in plan.claims}
    off_target = plan.off_target()
    cells = [
        _describe(plan, adapter, metric, (adapter.name, metric) in off_target, pairs)
        for adapter in plan.adapters
        for metric in plan.metrics
        if (adapter.name, metric) not in claimed
    ]
    return _adjusted(cells, plan.alpha)


def _describe(plan: Plan, adapter: Subject, metric: MetricName, exploratory: bool, pairs: Pairs) -> Cell:
    cell = pairs.cells[adapter.name, metric]
    margin = plan.tasks[metric.task].margin
    described = Cell(
        adapter=adapter.name,
        base=adapter.base,
        label=adapter.label,
        metric=str(metric),
        kind="exploratory" if exploratory else "descriptive",
        margin=margin,
        base_score=cell.base_score,
        score=cell.score,
    )
    if isinstance(cell, Unmeasured):
        return replace(described, reason=cell.reason, gain=_difference(cell))
    low, high = cell.gain.interval(1 - 2 * plan.alpha)
    return replace(
        described,
        n=cell.gain.n,
        gain=cell.gain.estimate,
        interval=(low, high),
        level=1 - 2 * plan.alpha,
        p=cell.gain.p_two_sided,
        harm_excluded=low > -margin,
        better=cell.better,
        worse=cell.worse,
        split=cell.split,
        stop=cell.stop,
    )


def _adjusted(cells: Sequence[Cell], alpha: float) -> tuple[Cell, ...]:
    tested = [index for index, cell in enumerate(cells) if cell.kind == "exploratory" and cell.p is not None]
    q_values = stats.benjamini_hochberg([cells[index].p or 0.0 for index in tested])
    adjusted = list(cells)
    for index, q in zip(tested, q_values, strict=True):
        cell = cells[index]
        finding = None
        if q <= alpha and cell.gain:
            finding = "gains elsewhere" if cell.gain > 0 else "harms elsewhere"
        adjusted[index] = replace(cell, q=float(q), finding=finding)  # type: ignore[arg-type]
    return tuple(adjusted)


def shows_failure(gain: stats.Gain, kind: str, margin: float) -> Shown:
    """At which levels a claim is shown to fail: those at which `stats.judge` says `no gain`, `trivial` or `harmed`.

    `gains`: {gain >= margin} is rejected. At small counts not where the interval also excludes 0 and the sign test does
    not agree, which leaves the verdict open. `keeps`: {gain >= 0} is rejected, by the sign test as well.
    """
    falls, rises = gain.p_below(0.0), gain.p_above(0.0)
    few = gain.discordant < stats.FEW
    down, up = (gain.sign_p_down(), gain.sign_p_up()) if few else (0.0, 0.0)
    if kind == "keeps":
        return lambda alpha: falls <= alpha and down <= alpha
    excluded = gain.p_below(margin)
    return lambda alpha: excluded <= alpha and not (falls <= alpha < down) and not (rises <= alpha < up)


def shows_success(gain: stats.Gain, kind: str, margin: float) -> Shown:
    """At which levels a claim is borne out.

    `gains`: {gain <= 0} is rejected, at small counts by the sign test as well. `keeps`: {gain <= -margin} is.
    """
    if kind == "keeps":
        kept = gain.p_above(-margin)
        return lambda alpha: kept <= alpha
    rises, up = gain.p_above(0.0), gain.sign_p_up() if gain.discordant < stats.FEW else 0.0
    return lambda alpha: rises <= alpha and up <= alpha


def at_least(shown: Sequence[Shown], alpha: float) -> int:
    """How many are shown at least, with confidence 1 - alpha: Holm's steps.

    At small counts a verdict may be open at one level and not at a stricter one, so that no p-value stands for it; each
    is asked at the level of its step. What is shown is rejected by p-values too, so these are some of Holm's own.
    """
    left, total = list(shown), len(shown)
    while left:
        still = [shows for shows in left if not shows(alpha / len(left))]
        if len(still) == len(left):
            break
        left = still
    return total - len(left)


def count(plan: Plan, judged: Sequence[ClaimResult], pairs: Pairs) -> Counts:
    """The study-wide line: how many labels fail or hold at least (Holm over every declared claim)."""
    fails, holds = (
        at_least([_shown(shows, claim, pairs) for claim in plan.claims], plan.alpha)
        for shows in (shows_failure, shows_success)
    )
    total = len(plan.claims)
    kinds = {claim.kind for claim in plan.claims}
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
    return Counts(total, dict(Counter(result.verdict for result in judged)), fails, holds, statement)


def _shown(shows: Callable[[stats.Gain, str, float], Shown], claim: Claim, pairs: Pairs) -> Shown:
    """Never, for a claim without paired evidence: it is not counted as failing or holding."""
    cell = pairs.of(claim)
    return shows(cell.gain, claim.kind, claim.margin) if isinstance(cell, PairedScores) else never
