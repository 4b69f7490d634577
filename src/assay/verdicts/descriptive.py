"""What is described beside the verdicts: agreement between benchmarks, what changed in the
responses, whether adapters are applied, how much answers change by themselves, and gains over scales and steps.

Nothing here decides a claim. Gains and shares are fractions of 1.
"""

from __future__ import annotations

from dataclasses import dataclass

from assay.stats import Verdict

__all__ = [
    "AdapterAgreement",
    "Agreement",
    "Applied",
    "BenchmarkGain",
    "Change",
    "Course",
    "CoursePoint",
    "Difference",
    "Dose",
    "DoseGain",
    "DosePoint",
    "EngineNoise",
    "NoiseFloor",
    "PairAgreement",
    "RankCorrelation",
    "Reliability",
    "ReliableRate",
    "StepChoice",
    "TurnScore",
    "TurnScores",
    "TypeDifference",
]

Ends = tuple[float, float]


@dataclass(frozen=True, slots=True)
class BenchmarkGain:
    """An adapter's gain on one of several benchmarks of a capability."""

    gain: float
    """Adapter minus base."""
    interval: Ends | None
    """The interval; null if only aggregate scores are known."""
    verdict: str | None
    """Of its claim on this metric; null where it claims nothing there."""


@dataclass(frozen=True, slots=True)
class AdapterAgreement:
    """One adapter on the benchmarks of a capability, side by side."""

    adapter: str
    """Its name in the study."""
    base: str
    """The name of its base."""
    label: str
    """Its label."""
    gains: tuple[BenchmarkGain | None, ...]
    """In the order of the metrics; null where it was not measured, or is not applied."""
    depends: bool
    """One claim here has a verdict that the default gate passes, another one of its kind one that it fails."""
    differs: bool
    """And between two such benchmarks the gains differ: the interval of their difference excludes 0."""


@dataclass(frozen=True, slots=True)
class RankCorrelation:
    """Whether two benchmarks order the configurations (recipe x base, mean over seeds) alike, by gain."""

    base: str | None
    """Null: the configurations of all bases together."""
    configurations: int
    """How many there are."""
    value: float | None
    """Spearman's; null under 3 of them, or where the gains on one benchmark are all equal."""
    interval: Ends | None
    """95 %, with configurations as independent draws; null under 4 of them."""


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """Two benchmarks of one capability, over the adapters that were measured on both."""

    first: str
    """`task.metric`, as in `metrics`."""
    second: str
    """The other one."""
    adapters: int
    """How many were measured on both."""
    same_sign: int
    """Adapters whose gains are both above 0, or both below."""
    opposite_sign: int
    """Adapters that gain on one and fall on the other."""
    surely_same: int
    """Both a gain, or both a harm, by the rules of a verdict at this level."""
    surely_opposite: int
    """A gain on one and a harm on the other, by the same rules."""
    ranks: tuple[RankCorrelation, ...]
    """By base, then of all bases together where there are several."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Whether the benchmarks of one capability agree about the study's adapters."""

    capability: str
    """The capability that the tasks share."""
    metrics: tuple[str, ...]
    """For each of these tasks, the first metric with a claim, or else the primary metric."""
    level: float
    """Two-sided confidence of the gains' intervals."""
    adapters: tuple[AdapterAgreement, ...]
    """One for each adapter: its gains on these metrics."""
    pairs: tuple[PairAgreement, ...]
    """One for every two of these metrics."""
    depends: tuple[str, ...]
    """Adapters whose verdict depends on the benchmark chosen."""
    statement: str
    """`depends` in a sentence."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One measure of the responses, adapter minus base on the same prompts."""

    measure: str
    """One of `assay.verdicts.response_changes.MEASURES`."""
    base: float
    """Mean over prompts; a share, or for `characters` and `tokens` a length."""
    adapter: float
    """The same of the adapter."""
    difference: float
    """`adapter` less `base`."""
    interval: Ends | None
    """95 %, not adjusted; null for a length where fewer than 25 prompts differ."""


@dataclass(frozen=True, slots=True)
class TypeDifference:
    """Checks of one instruction type that are passed, strict."""

    type: str
    """The type's id."""
    checks: int
    """How many there are."""
    base: float
    """Share that the base passes."""
    adapter: float
    """Share that the adapter passes."""
    difference: float
    """`adapter` less `base`."""
    interval: Ends
    """At 95 %, adjusted neither for the number of types nor for interim looks."""


@dataclass(frozen=True, slots=True)
class Change:
    """What else changed in the responses of an adapter that gained or fell; not necessarily the cause."""

    adapter: str
    """Its name in the study."""
    base: str
    """The name of its base."""
    task: str
    """The task's name."""
    metric: str
    """The claimed metric that changed, or else the task's primary metric."""
    gain: float
    """The gain, whose interval excludes 0 by the rule of verdicts."""
    prompts: int
    """The number of prompts compared here: those that both sides answered; of a long task, about 2,000 spread evenly."""
    level: float
    """Two-sided confidence of the intervals below."""
    differences: tuple[Difference, ...]
    """The measures that are known for both sides: without finish reasons no `truncated`, without counts no `tokens`."""
    types: tuple[TypeDifference, ...]
    """By instruction type, if the task has types and there is one sample per prompt; over all prompts that both answered."""


@dataclass(frozen=True, slots=True)
class DoseGain:
    """A gain at one scale."""

    gain: float
    """Against the base."""
    interval: Ends | None
    """The interval; null if only aggregate scores are known."""


@dataclass(frozen=True, slots=True)
class DosePoint:
    """An adapter at one scale."""

    scale: float
    """The strength at which it is applied."""
    subject: str
    """The subject's name, as in the matrix."""
    target: DoseGain | None
    """The gain on the target; null if it was not measured, or the adapter is not applied."""
    off_target: tuple[DoseGain | None, ...]
    """The gains on the off-target metrics, in their order; null as for the target."""
    drift: float | None
    """The drift, variant `gap`; null if a gain that it needs was not measured."""
    drift_interval: Ends | None
    """The interval of the drift; null as the drift."""


@dataclass(frozen=True, slots=True)
class Dose:
    """Gains and drift of an adapter against the scale at which it is applied; at scale 0 each is 0."""

    adapter: str
    """The adapter's name, without a scale."""
    base: str
    """The base that it is applied to."""
    label: str
    """The label that is tested."""
    target: str
    """The claimed metric."""
    off_target: tuple[str, ...]
    """The metrics that drift is measured on."""
    level: float
    """Two-sided confidence of the intervals, which are not adjusted for the number of scales."""
    points: tuple[DosePoint, ...]
    """One for each scale, the weakest first."""


@dataclass(frozen=True, slots=True)
class ReliableRate:
    """How often a number of wordings of a request all pass."""

    k: int
    """Wordings: the first of each cluster, in file order."""
    clusters: int
    """Clusters that have so many."""
    score: float
    """reliable@k: the share of clusters in which all k pass."""
    interval: Ends
    """Over clusters."""
    gain: float | None
    """Adapter minus base, on the same clusters; null for a base."""
    gain_interval: Ends | None
    """Over clusters; null for a base."""


@dataclass(frozen=True, slots=True)
class Reliability:
    """A subject on the wordings of each request of a task whose file names clusters."""

    subject: str
    """The subject's name, as in the matrix."""
    base: str | None
    """What the adapter is applied to; null for a base."""
    metric: str
    """The task's primary metric: what a wording passes."""
    level: float
    """Two-sided confidence of the intervals; they do not allow for there being several numbers of wordings."""
    rates: tuple[ReliableRate, ...]
    """For 1 wording, 2 and so on, as far as two clusters have so many."""


@dataclass(frozen=True, slots=True)
class TurnScore:
    """A subject's score on one turn of a task's conversations."""

    turn: int
    """From 1."""
    score: float
    """The share of conversations whose response to this turn passes."""
    drop: float | None
    """The score on the turn before minus this one; null for the first turn."""
    drop_interval: Ends | None
    """Over conversations; null for the first turn."""
    more: float | None
    """The adapter's drop minus its base's, on the same conversations; null for a base and for the first turn."""
    more_interval: Ends | None
    """Over conversations; null for a base and for the first turn."""


@dataclass(frozen=True, slots=True)
class TurnScores:
    """A subject's scores by turn on a task of several turns."""

    subject: str
    """The subject's name, as in the matrix."""
    base: str | None
    """What the adapter is applied to; null for a base."""
    metric: str
    """The metric without its turn: `multi-if.prompt_strict`."""
    conversations: int
    """Independent ones."""
    level: float
    """Two-sided confidence of the intervals; they do not allow for there being several turns and metrics."""
    by_turn: tuple[TurnScore, ...]
    """From turn 1."""


@dataclass(frozen=True, slots=True)
class CoursePoint:
    """A training at one step."""

    step: int | None
    """The training step; null: the final result of the training."""
    subject: str
    """The subject's name, as in the matrix."""
    target: DoseGain | None
    """The gain on the target; null if it was not measured, or the adapter is not applied."""
    off_target: tuple[DoseGain | None, ...]
    """The gains on the off-target metrics, in their order; null as for the target."""
    drift: float | None
    """The drift, variant `gap`; null if a gain that it needs was not measured."""
    drift_interval: Ends | None
    """The interval of the drift; null as the drift."""


@dataclass(frozen=True, slots=True)
class StepChoice:
    """The checkpoint with the largest gain, tested as the best of several."""

    subject: str
    """The subject's name, as in the matrix."""
    step: int | None
    """The training step; null: the final result of the training."""
    gain: float
    """On the claimed metric."""
    interval: Ends
    """Of the gain; it allows for the number looked at."""
    level: float
    """Two-sided confidence of `interval`."""
    looked_at: int
    """Checkpoints that it was chosen from, measured or not."""
    verdict: Verdict
    """The word that the interval allows."""
    material: bool
    """It fell by the margin or more."""
    within_noise: bool
    """The word would not hold if unequal noise of the engine moved the gain."""


@dataclass(frozen=True, slots=True)
class Course:
    """Gains and drift of one training over its checkpoints; at step 0 each is 0."""

    training: str
    """Recipe, and seed where it is known."""
    base: str
    """What was trained."""
    label: str
    """The label that is tested."""
    target: str
    """The claimed metric."""
    off_target: tuple[str, ...]
    """The metrics that drift is measured on."""
    level: float
    """Two-sided confidence of the points' intervals; they do not allow for there being several checkpoints."""
    points: tuple[CoursePoint, ...]
    """By step; the result of the training comes last."""
    choice: StepChoice | None
    """Null where checkpoints were not all asked the same prompts."""


@dataclass(frozen=True, slots=True)
class Applied:
    """Whether an adapter changes anything, measured on probe prompts before its first response."""

    adapter: str
    """Its name in the study."""
    base: str
    """The name of its base."""
    alive: bool
    """Whether it changes anything."""
    reason: str | None
    """Why it counts as not applied."""
    modules: int | None
    """The number of layers of the base that it changes; null, like its norm, if the engine cannot measure that."""
    norm: float | None
    """Frobenius norm of the weight change."""
    largest: float | None
    """The largest change of a logit; null, like the divergence, if logits were not finite."""
    divergence: float | None
    """Mean KL(adapter || base) of the next token, in nats."""
    differ: float
    """Share of the probe prompts with another response than the base's."""


@dataclass(frozen=True, slots=True)
class NoiseFloor:
    """The base against itself in another batch, on a sample of a task's prompts: what no adapter caused."""

    base: str
    """The name of its base."""
    task: str
    """The task's name."""
    metric: str
    """`task.metric`."""
    n: int
    """Prompts."""
    differ: int
    """Prompts with another response."""
    better: int
    """Prompts whose score is better in the second pass."""
    worse: int
    """Prompts whose score is worse in the second pass."""
    gain: float
    """The score of the second pass minus that of the first."""
    interval: Ends
    """Of that gain."""
    level: float
    """Two-sided confidence of `interval`."""
    margin: float
    """The task's."""
    warning: str | None
    """A warning, if the interval excludes 0."""


@dataclass(frozen=True, slots=True)
class EngineNoise:
    """Second passes of a base and of its adapters over the same prompts: how much answers change by themselves."""

    base: str
    """The name of its base."""
    adapters: tuple[str, ...]
    """The adapters that ran prompts twice, each on other prompts."""
    tasks: tuple[str, ...]
    """The tasks of the prompts."""
    n: int
    """Prompts that the base and an adapter answered twice."""
    base_differ: int
    """Responses of the base that differ between its two passes."""
    adapter_differ: int
    """Responses of the adapters that differ between their two passes."""
    base_changed: float
    """Share of the base's scores that changed."""
    adapter_changed: float
    """Share of the adapters' scores that changed."""
    identical: bool
    """Whether every response of the second pass is identical to that of the first."""
    limit: float | None
    """How far unequal noise may move a gain; null if too few prompts ran twice."""
    clustering_p: float | None
    """p-value of the null that changed responses are not clustered in time; null if none changed or times are unknown."""
