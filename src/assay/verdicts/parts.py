"""Parts of what an audit finds: a gain by cause, an early stop, the matrix, counts, modes, settings.

Gains, scores and margins are fractions between -1 and 1 (0.05 is five points).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from assay.records import Declared
from assay.stats import Verdict
from assay.verdicts.notebook import table, text

if TYPE_CHECKING:
    import pandas

__all__ = [
    "ClaimsDeclared",
    "ControlResult",
    "Counts",
    "Interval",
    "Matrix",
    "Measured",
    "ModeDifference",
    "NullResponses",
    "Part",
    "Pool",
    "Row",
    "SettingResult",
    "Split",
    "Stop",
]

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Part:
    """A share of a gain."""

    gain: float
    """In the metric's units."""
    interval: Interval
    """Of that share of the gain."""


@dataclass(frozen=True, slots=True)
class Split:
    """A gain by cause: `gain` = `format` + `answer`, over the same prompts."""

    format: Part
    """From prompts where only one side gave an extractable answer."""
    answer: Part
    """From prompts where both sides did, or neither."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Where generation stopped, in a run that may stop early. Estimates at an early stop are on average too far from 0."""

    n: int
    """The number of prompts used."""
    pool: int
    """The number of all prompts."""
    looks: tuple[int, ...]
    """Prompts at every look; intervals and p-values allow for all of them."""
    design: str
    """`group` or `betting`."""

    @property
    def early(self) -> bool:
        """Whether prompts were left."""
        return self.n < self.pool


@dataclass(frozen=True, slots=True)
class Pool:
    """The result that the full list of prompts would give. It is not a verdict: a verdict is about prompts of this kind."""

    word: str
    """One of `assay.stats.POOL_WORDS`."""
    interval: Interval
    """For the full list's gain."""
    settled: bool
    """Whether no further prompt of the list can change that result."""


@dataclass(frozen=True, slots=True)
class NullResponses:
    """Responses of a subject to a task that were null, and so scored as empty."""

    subject: str
    """Its name; of a base under the template of some adapter, `base/template:...`."""
    task: str
    """The task's name."""
    count: int
    """Number of null responses, at least 1."""


@dataclass(frozen=True, slots=True)
class Row:
    """A subject's line in the matrix."""

    subject: str
    """Name of a base or an adapter."""
    base: str | None
    """The name of its base; null for a base, and for a base under the template of some adapter: `base/template:...`."""
    scores: dict[str, float | None]
    """By metric, `task.metric`."""
    gains: dict[str, float | None]
    """By metric; null where there is none, as for a base."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """Subjects x metrics, raw."""

    metrics: tuple[str, ...]
    """Its columns, in order."""
    rows: tuple[Row, ...]
    """A line for each subject."""

    def _repr_html_(self) -> str:
        """Scores, for notebooks."""
        rows = (
            [
                text(row.subject),
                *("-" if row.scores[m] is None else f"{row.scores[m]:.3f}" for m in self.metrics),
            ]
            for row in self.rows
        )
        return table("Matrix of scores", ["subject", *self.metrics], rows)

    def to_pandas(self) -> pandas.DataFrame:
        """Scores as a DataFrame, subjects down and metrics across. Needs pandas."""
        import pandas  # not a dependency

        return pandas.DataFrame({row.subject: row.scores for row in self.rows}).T.reindex(
            columns=list(self.metrics)
        )


@dataclass(frozen=True, slots=True)
class ModeDifference:
    """How much depends on the way a task is verified."""

    task: str
    """The task's name."""
    mode: str
    """The mode that decided."""
    other: str
    """The mode that it is compared with."""
    checks: int
    """Single verifications (strict and loose) in all responses of the task."""
    differ: int
    """How many of them have another result in the other mode."""
    prompts: int
    """Responses whose primary metric differs between the modes."""
    verdicts: int
    """Claims that would get another verdict."""
    causes: dict[str, int]
    """How many of the differing verifications have which cause."""


@dataclass(frozen=True, slots=True)
class ClaimsDeclared:
    """Whether the claims came before the responses."""

    when: Literal["before", "after"]
    """Before the first response or after it."""
    reason: str
    """How that is known."""
    history: tuple[Declared, ...]
    """Every block that this run has seen, the oldest first."""


@dataclass(frozen=True, slots=True)
class ControlResult:
    """Whether a control adapter showed what it must."""

    adapter: str
    """Its name in the study."""
    metric: str
    """`task.metric`."""
    expected: Literal["gains", "no gain"]
    """What it must show."""
    verdict: Verdict
    """What it showed."""
    failed: bool
    """The evidence excludes what it must show; an open verdict does not fail a control."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts over all claims of the study."""

    claims: int
    """The number of claims, without those of controls."""
    verdicts: dict[str, int]
    """The number of claims with each verdict."""
    fails: int
    """At least so many claims fail, with confidence 1 - alpha over the whole study (Holm)."""
    holds: int
    """At least so many claims hold, with the same confidence."""
    statement: str
    """Both in a sentence."""


@dataclass(frozen=True, slots=True)
class Measured:
    """When, and on which base, a subject was measured on a task."""

    subject: str
    """Its name in the study."""
    task: str
    """The task's name."""
    base: str
    """The name of its base."""
    base_sha256: str | None
    """Digest of the base as it was loaded: weights, configuration, tokenizer, engine and type. Of recorded responses: of their
    files. Null where the run has no responses of it."""
    revision: str | None
    """The revision of the base that the study names."""
    at: str | None
    """When the oldest response of the subject or its base was kept, UTC, ISO 8601; null where that is not known."""


@dataclass(frozen=True, slots=True)
class SettingResult:
    """One value of one setting, over the configurations that have it."""

    setting: str
    """Its name."""
    value: str
    """Its value, as a text."""
    configurations: int
    """How many have it."""
    mean: float
    """Mean gain."""
    low: float
    """The smallest gain among them."""
    high: float
    """The largest."""
    above: int
    """Configurations whose verdict is a gain: `confirmed`, `gain` or `trivial`."""
    below: int
    """Configurations that are `harmed`; the rest show neither, near zero or undecided."""
