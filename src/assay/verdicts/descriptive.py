"""What is described beside the verdicts: agreement between benchmarks, and what changed in the responses.

Nothing here decides anything. Gains and shares are fractions of 1.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "AdapterAgreement",
    "Agreement",
    "BenchmarkGain",
    "Change",
    "Difference",
    "PairAgreement",
    "RankCorrelation",
    "TypeDifference",
]

Ends = tuple[float, float]


@dataclass(frozen=True, slots=True)
class BenchmarkGain:
    """An adapter's gain on one of several benchmarks of a capability."""

    gain: float
    interval: Ends | None
    """Null where only aggregate scores are known."""
    verdict: str | None
    """Of its claim on this metric; null where it claims nothing there."""


@dataclass(frozen=True, slots=True)
class AdapterAgreement:
    """One adapter on the benchmarks of a capability, side by side."""

    adapter: str
    base: str
    label: str
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
    adapters: int
    same_sign: int
    """Adapters whose gains are both above 0, or both below."""
    opposite_sign: int
    surely_same: int
    """Both a gain, or both a harm, by the rules of a verdict at this level."""
    surely_opposite: int
    ranks: tuple[RankCorrelation, ...]
    """By base, then of all bases together where there are several."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Whether the benchmarks of one capability agree about the study's adapters."""

    capability: str
    metrics: tuple[str, ...]
    """Of each task that shares it the first metric that is claimed, or else the primary one."""
    level: float
    """Two-sided confidence of the gains' intervals."""
    adapters: tuple[AdapterAgreement, ...]
    pairs: tuple[PairAgreement, ...]
    depends: tuple[str, ...]
    """Adapters whose verdict depends on the benchmark chosen."""
    statement: str


@dataclass(frozen=True, slots=True)
class Difference:
    """One measure of the responses, adapter less base on the same prompts."""

    measure: str
    """One of `assay.verdicts.response_changes.MEASURES`."""
    base: float
    """Mean over prompts; a share, or for `characters` and `tokens` a length."""
    adapter: float
    difference: float
    interval: Ends | None
    """95 %, not adjusted; null for a length where fewer than 25 prompts differ."""


@dataclass(frozen=True, slots=True)
class TypeDifference:
    """Checks of one instruction type that are passed, strict."""

    type: str
    checks: int
    base: float
    adapter: float
    difference: float
    interval: Ends
    """95 %, not adjusted for there being several types, nor for looks before the end."""


@dataclass(frozen=True, slots=True)
class Change:
    """What else changed in the responses where an adapter gained or fell. It says with what, not why."""

    adapter: str
    base: str
    task: str
    metric: str
    """The claimed metric that moved, else the task's primary one."""
    gain: float
    """Its interval excludes 0, few prompts that differ allowed for as in a verdict."""
    prompts: int
    """Read here: those that both sides answered, of a long task some 2,000 spread evenly."""
    level: float
    """Two-sided confidence of the intervals below."""
    differences: tuple[Difference, ...]
    """Only what is known of both sides: without finish reasons no `truncated`, without counts no `tokens`."""
    types: tuple[TypeDifference, ...]
    """Of a task with instruction types, one sample a prompt; over all prompts that both answered."""
