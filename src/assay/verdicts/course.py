"""Gains and drift over the checkpoints of one training, and which of them to take.

The checkpoint with the largest gain looks better than it is. Its interval and word here allow for as many checkpoints as
were looked at (Bonferroni), so that the choice may be made on the prompts that it is judged by.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from assay import stats
from assay.plan import Claim, Plan
from assay.verdicts.descriptive import Course, CoursePoint, EngineNoise, StepChoice
from assay.verdicts.dose import measured_at
from assay.verdicts.drift import Prompts
from assay.verdicts.noise import noise_limits
from assay.verdicts.pair import PairedScores, Pairs

__all__ = ["courses"]


def courses(
    plan: Plan, pairs: Pairs, prompts_of: Prompts, noise: Sequence[EngineNoise]
) -> tuple[Course, ...]:
    """One for each training with several checkpoints and each metric that it claims to gain on, in the order of claims."""
    limits = noise_limits(plan, noise)
    return tuple(
        _course(plan, claims, pairs, prompts_of, limits(claims[0].subject.base, None))
        for claims in _trainings(plan)
    )


def _trainings(plan: Plan) -> list[list[Claim]]:
    """Claims on one metric of one training's checkpoints against its base, by step; its result comes last."""
    groups: dict[tuple[object, ...], dict[int | None, Claim]] = defaultdict(dict)
    for claim in plan.claims:
        subject = claim.subject
        if claim.kind == "gains" and claim.against is None and not subject.control:
            key = (subject.recipe, subject.base, subject.seed, claim.label, claim.metric)
            groups[key].setdefault(subject.step, claim)
    return [
        [steps[step] for step in sorted(steps, key=lambda step: (step is None, step or 0))]
        for steps in groups.values()
        if len(steps) > 1
    ]


def _course(plan: Plan, claims: Sequence[Claim], pairs: Pairs, prompts_of: Prompts, limit: float) -> Course:
    first, level = claims[0], 1 - 2 * plan.alpha
    seed = first.subject.seed
    return Course(
        training=first.subject.recipe if seed is None else f"{first.subject.recipe}, seed {seed}",
        base=first.subject.base,
        label=first.label,
        target=str(first.metric),
        off_target=tuple(map(str, first.off_target)),
        level=level,
        points=tuple(_point(claim, pairs, prompts_of, level) for claim in claims),
        choice=_choice(plan, claims, pairs, limit),
    )


def _point(claim: Claim, pairs: Pairs, prompts_of: Prompts, level: float) -> CoursePoint:
    measured = measured_at(claim, pairs, prompts_of, level)
    return CoursePoint(claim.subject.step, claim.subject.name, *measured)


def _choice(plan: Plan, claims: Sequence[Claim], pairs: Pairs, limit: float) -> StepChoice | None:
    """The checkpoint with the largest gain, the earlier of equal ones; None where they are not all measured alike.

    A study's family divides alpha by all claims already, those of every checkpoint among them.
    """
    cells = [(claim, cell) for claim in claims if isinstance(cell := pairs.of(claim), PairedScores)]
    if (
        len(cells) < 2
        or any(cell.cut_short for _, cell in cells)
        or len({cell.gain.n for _, cell in cells}) > 1
    ):
        return None
    claim, cell = max(cells, key=lambda pair: pair[1].gain.estimate)
    alpha = claim.alpha if plan.family == "study" else claim.alpha / len(claims)
    finding = stats.judge(cell.gain, "gains", claim.margin, alpha)
    return StepChoice(
        subject=claim.subject.name,
        step=claim.subject.step,
        gain=cell.gain.estimate,
        interval=(finding.low, finding.high),
        level=finding.level,
        looked_at=len(claims),
        verdict=finding.verdict,
        material=finding.material,
        within_noise=limit > 0
        and not stats.survives_noise(cell.gain, finding.verdict, claim.margin, alpha, limit),
    )
