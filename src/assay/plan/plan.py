"""A resolved study: what is claimed of whom, on which tasks, under which error rates and policy.

It knows no weights."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from assay import stats
from assay.plan.settings import Decoding, EngineSettings, JudgeSettings, Policy, StopRule
from assay.plan.subjects import Claim, Metric, MetricName, Problem, Subject

if TYPE_CHECKING:
    from pydantic import TypeAdapter

__all__ = ["Family", "Plan", "TaskPlan", "claim_block", "family_alphas"]

Family = Literal["adapter", "study"]


@dataclass(frozen=True, slots=True)
class TaskPlan:
    """A task of the study, as data without its code."""

    name: str
    """Unique in the plan; metrics are named after it."""
    kind: str
    """What a study file calls it: `ifeval`, `harness:arc_easy`, `./tone.yaml`."""
    capability: str
    metrics: tuple[Metric, ...]
    """The first is the primary metric."""
    scorer: str
    """Identity of the verifier."""
    mode: str
    modes: tuple[str, ...]
    """Ways to verify; the first is the default."""
    margin: float
    """The smallest change that matters where a claim does not set its own, a fraction of 1."""
    data: str | None = None
    """The file of its examples as the study names it; None: the task's own, or the hub's."""
    limit: int | None = None
    """Use only this many examples, the first ones."""
    shots: int | None = None
    """Few-shot examples before each question; None: the task's form decides."""
    max_tokens: int | None = None
    """Longest response; None: the study's decoding, and then the task's form."""
    clustered: bool = False
    """Whether some of its examples are not independent of others."""
    judged: bool = False
    """Whether a judge model decides its responses."""

    @property
    def metric_names(self) -> tuple[MetricName, ...]:
        """Every metric, the primary one first."""
        return tuple(MetricName(self.name, metric.name) for metric in self.metrics)

    @property
    def primary(self) -> MetricName:
        """The metric that a label claims by default."""
        return self.metric_names[0]

    def metric(self, name: str) -> Metric:
        """The metric of this name. Raises KeyError if there is none."""
        return {metric.name: metric for metric in self.metrics}[name]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run tests. It holds no text of prompts and no weights."""

    name: str
    """Of the study."""
    bases: tuple[Subject, ...]
    adapters: tuple[Subject, ...]
    tasks: Mapping[str, TaskPlan]
    """By name, in the order of the study."""
    claims: tuple[Claim, ...]
    """In the order of the adapters."""
    alpha: float
    """The error rate of a family."""
    family: Family
    """Claims that share one error rate."""
    margin: float
    """The study's own, where neither a task nor a claim sets another."""
    seed: int
    """Of the prompts' order and every simulation."""
    stop: StopRule
    decoding: Decoding
    engine: EngineSettings
    policy: Policy
    """What the gate passes and fails."""
    judge: JudgeSettings | None
    responses_sha256: str
    """Digest of everything in the study that the responses depend on."""
    source: Literal["generated", "recorded", "summary"]
    """Where responses come from; `summary`: there are only aggregate scores."""
    study_text: str = field(default="", repr=False)
    """The study file, verbatim."""
    noise_prompts: int | None = None
    """Prompts of each base that are asked twice; None: as many as a tenth of the responses allow, at most 200."""
    summary: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Aggregate scores by subject and metric, where there are no responses."""
    warnings: tuple[str, ...] = ()
    """What a reader must know before believing the findings."""
    problems: tuple[Problem, ...] = ()
    """What preflight found of bases, adapters and tasks; an adapter with an `error` gets no prompts."""
    work: object | None = field(default=None, repr=False, compare=False)
    """How the responses are obtained (`assay.runs.workload.Work`); None in a plan read from a run's folder."""

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """Bases, then adapters."""
        return (*self.bases, *self.adapters)

    @property
    def metrics(self) -> tuple[MetricName, ...]:
        """Every metric of every task."""
        return tuple(name for task in self.tasks.values() for name in task.metric_names)

    def adapters_of(self, base: str) -> tuple[Subject, ...]:
        """The adapters on a base, in the order of the study."""
        return tuple(adapter for adapter in self.adapters if adapter.base == base)

    def claims_of(self, adapter: str) -> tuple[Claim, ...]:
        """The claims of one adapter."""
        return tuple(claim for claim in self.claims if claim.subject.name == adapter)

    def off_target(self) -> set[tuple[str, str | None, MetricName]]:
        """(adapter, what it is compared with, metric) of every cell that a claim names as off-target; None: its base."""
        return {
            (claim.subject.name, claim.against, metric)
            for claim in self.claims
            for metric in claim.off_target
        }

    @property
    def champion(self) -> Subject | None:
        """The subject that the policy names as its champion; None where it names none, or none of this plan."""
        return next((subject for subject in self.subjects if subject.name == self.policy.champion), None)

    @property
    def challengers(self) -> tuple[Subject, ...]:
        """The subjects that are compared with the champion: those that the gate judges."""
        if self.champion is None:
            return ()
        judged = {claim.subject.name for claim in self.claims if claim.subject.control is None}
        return tuple(
            adapter
            for adapter in self.adapters
            if adapter.name in judged and adapter.name != self.champion.name
        )

    def regressions(self) -> tuple[tuple[Subject, MetricName], ...]:
        """(challenger, metric) of every comparison with the champion: primary metrics, and claimed ones."""
        primary = {task.primary for task in self.tasks.values()}
        return tuple(
            (adapter, metric)
            for adapter in self.challengers
            for metric in self.metrics
            if metric in primary or any(claim.metric == metric for claim in self.claims_of(adapter.name))
        )

    def references(self) -> tuple[tuple[str, str], ...]:
        """(subject, what it is compared with), where that is another subject than its base: by a claim, or as champion."""
        listed = [(claim.subject.name, claim.against) for claim in self.claims]
        if (champion := self.champion) is not None:
            listed += [
                (adapter.name, champion.name) for adapter in self.challengers if adapter.base != champion.name
            ]
        return tuple(dict.fromkeys((name, against) for name, against in listed if against is not None))

    def to_json(self) -> dict[str, Any]:
        """As plain data, without `work`."""
        data: dict[str, Any] = _adapter().dump_python(self, mode="json", exclude={"work"})
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Plan:
        """The inverse of `to_json`."""
        return _adapter().validate_python(data)


@cache
def _adapter() -> TypeAdapter[Plan]:
    from pydantic import TypeAdapter

    return TypeAdapter(Plan)


def family_alphas(subjects: Sequence[str], alpha: float, family: Family) -> list[float]:
    """One-sided error rate of each claim: alpha divided by the claims that share it.

    subjects: the adapter of each claim.
    """
    of_adapter = Counter(subjects)
    return [alpha / (of_adapter[name] if family == "adapter" else len(subjects)) for name in subjects]


def claim_block(plan: Plan) -> dict[str, Any]:
    """A plan's claims and the rules by which they are judged, as JSON; this block is hashed and stamped.

    The responses and examples are not part of it: the records hold those by digest.
    """
    return {
        "alpha": plan.alpha,
        "claims": [
            {
                "adapter": claim.subject.name,
                "base": claim.subject.base,
                "label": claim.label,
                "metric": str(claim.metric),
                "kind": claim.kind,
                "margin": claim.margin,
                "recipe": claim.subject.recipe,
                "seed": claim.subject.seed,
            }
            | ({} if claim.subject.control is None else {"control": claim.subject.control})
            | ({} if claim.subject.step is None else {"step": claim.subject.step})
            | ({} if claim.subject.scale == 1 else {"scale": claim.subject.scale})
            | ({} if claim.against is None else {"against": claim.against})
            for claim in plan.claims
        ],
        "family": plan.family,
        "margins": {str(name): task.margin for task in plan.tasks.values() for name in task.metric_names},
        "off_target": {
            str(claim.metric): [str(metric) for metric in claim.off_target] for claim in plan.claims
        },
        "stop": "full" if plan.stop.when == "full" else _stop(plan),
        "verifiers": {name: task.scorer for name, task in plan.tasks.items()},
    }


def _stop(plan: Plan) -> dict[str, Any]:
    """When such a study takes looks, and by which rule it stops."""
    design = stats.Design(1)
    rule = {"spending": repr(design.spending), "futility": design.futility, "seed": plan.seed}
    return plan.stop.model_dump() | rule
