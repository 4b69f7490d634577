"""How much depends on the way a task is verified: `reference` against `fixed`. It scores nothing again."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from assay.engines.api import is_again
from assay.plan import MetricName, Plan, TaskPlan
from assay.records import Scores
from assay.verdicts.evidence import Evidence, Otherwise
from assay.verdicts.result import ClaimResult, ModeDifference

__all__ = ["OtherMode", "mode_differences", "with_other_mode"]


class OtherMode:
    """Every task's scores under its other mode, made from what the verifier noted beside its own."""

    def __init__(self, plan: Plan, evidence: Evidence) -> None:
        self._evidence = evidence
        self.tasks = {name: task for name, task in plan.tasks.items() if len(task.modes) > 1}
        self.differing = {
            name: [found for found in evidence.otherwise(name) if not is_again(found.name)]
            for name in self.tasks
        }
        self._by_name: dict[tuple[str, str], list[Otherwise]] = defaultdict(list)
        for task, differing in self.differing.items():
            for found in differing:
                self._by_name[found.name, task].append(found)

    def scores(self, name: str, task: str, whole: bool = True) -> Scores | None:
        """As `Evidence.scores`, under the other mode where the task has one."""
        scores = self._evidence.scores(name, task, whole)
        if scores is None or (name, task) not in self._by_name:
            return scores
        passed = scores.passed.copy()
        rows = {int(position): row for row, position in enumerate(scores.positions)}
        for found in self._by_name[name, task]:
            if found.position in rows:
                passed[rows[found.position], found.sample] = found.other_passed
        return Scores(passed, scores.out_of, scores.positions)


def with_other_mode(
    claims: Sequence[ClaimResult], otherwise: Sequence[ClaimResult], modal: Mapping[str, TaskPlan]
) -> tuple[ClaimResult, ...]:
    """Claims, each with the verdict that it gets in the other mode where its task has one."""
    return tuple(
        replace(claim, other_mode_verdict=other.verdict)
        if MetricName.parse(claim.metric).task in modal
        else claim
        for claim, other in zip(claims, otherwise, strict=True)
    )


def mode_differences(
    other: OtherMode, claims: Sequence[ClaimResult], checks: Mapping[str, int]
) -> tuple[ModeDifference, ...]:
    """For each task with two modes: the verifications and verdicts that the other mode decides otherwise, and why.

    checks: how many verifications each task made in all.
    """
    return tuple(_difference(name, task, other, claims, checks[name]) for name, task in other.tasks.items())


def _difference(
    name: str, task: TaskPlan, other: OtherMode, claims: Sequence[ClaimResult], checks: int
) -> ModeDifference:
    causes: Counter[str] = Counter()
    prompts = 0
    for found in other.differing[name]:
        theirs = found.detail["other"]
        for form in ("strict", "loose"):
            pairs = enumerate(zip(found.detail[form], theirs[form], strict=True))
            causes.update(theirs["why"].get(str(index), "unexplained") for index, (a, b) in pairs if a != b)
        prompts += found.passed[0] != found.other_passed[0]
    return ModeDifference(
        task=name,
        mode=task.mode,
        other=next(mode for mode in task.modes if mode != task.mode),
        checks=checks,
        differ=causes.total(),
        prompts=prompts,
        verdicts=sum(
            claim.verdict != claim.other_mode_verdict
            for claim in claims
            if MetricName.parse(claim.metric).task == name
        ),
        causes=dict(causes.most_common()),
    )
