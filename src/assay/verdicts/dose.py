"""Gains and drift of an adapter at each of its scales. It describes; a claim is decided at one scale."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from assay.plan import Claim, Plan, Subject
from assay.verdicts.descriptive import Dose, DoseGain, DosePoint
from assay.verdicts.drift import Prompts, drifts_of
from assay.verdicts.pair import PairedScores, Pairs, Unmeasured

__all__ = ["doses", "measured_at"]


def doses(plan: Plan, pairs: Pairs, prompts_of: Prompts) -> tuple[Dose, ...]:
    """One for each adapter of several scales and each metric that it claims, in the order of the claims."""
    level = 1 - 2 * plan.alpha
    bases = {base.name: base for base in plan.bases}
    return tuple(
        Dose(
            adapter=claim.subject.adapter,
            base=claim.subject.base,
            label=claim.label,
            target=str(claim.metric),
            off_target=tuple(map(str, claim.off_target)),
            level=level,
            points=tuple(
                _point(
                    replace(claim, subject=subject, reference=bases[subject.base]), pairs, prompts_of, level
                )
                for subject in subjects
            ),
        )
        for claim, subjects in _several(plan)
    )


def _several(plan: Plan) -> Iterator[tuple[Claim, list[Subject]]]:
    """The first claim on each metric of each adapter of several scales, and its subjects, the weakest first."""
    seen = set()
    for claim in plan.claims:
        key = (claim.subject.adapter, claim.metric)
        subjects = [subject for subject in plan.adapters if subject.adapter == claim.subject.adapter]
        if len(subjects) > 1 and key not in seen:
            seen.add(key)
            yield claim, sorted(subjects, key=lambda subject: subject.scale)


def _point(claim: Claim, pairs: Pairs, prompts_of: Prompts, level: float) -> DosePoint:
    measured = measured_at(claim, pairs, prompts_of, level)
    return DosePoint(claim.subject.scale, claim.subject.name, *measured)


def measured_at(
    claim: Claim, pairs: Pairs, prompts_of: Prompts, level: float
) -> tuple[DoseGain | None, tuple[DoseGain | None, ...], float | None, tuple[float, float] | None]:
    """(gain on the target, gains off the target, drift, its interval) of one subject; None where not measured."""
    name = claim.subject.name
    gaps = (drift for drift in drifts_of(claim, pairs, prompts_of, level) if drift.variant == "gap")
    drift = next(gaps, None)
    return (
        gain_at(pairs.of(claim), level),
        tuple(gain_at(pairs.cells[name, metric], level) for metric in claim.off_target),
        None if drift is None else drift.value,
        None if drift is None else drift.interval,
    )


def gain_at(cell: PairedScores | Unmeasured, level: float) -> DoseGain | None:
    """The gain of one subject, with an interval where there is one; None where it was not measured."""
    if isinstance(cell, PairedScores):
        return DoseGain(cell.gain.estimate, cell.gain.interval(level))
    if cell.score is None or cell.base_score is None:
        return None
    return DoseGain(cell.score - cell.base_score, None)
