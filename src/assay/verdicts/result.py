"""What an audit finds: the tree that `verdicts.json` holds and every report is made from.

Gains, scores and margins are fractions between -1 and 1 (0.05 is five points). An interval is
[low, high], or null where none can be given; `reason` then says why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from assay.records import Declared
from assay.stats import Verdict
from assay.verdicts.descriptive import Agreement, Applied, Change, EngineNoise, NoiseFloor

if TYPE_CHECKING:
    import pandas

__all__ = [
    "Applied",
    "Cell",
    "ClaimResult",
    "ClaimsDeclared",
    "ControlResult",
    "Counts",
    "DriftResult",
    "EngineNoise",
    "Interval",
    "LabelResult",
    "Matrix",
    "ModeDifference",
    "NoiseFloor",
    "Part",
    "Pool",
    "RecipeResult",
    "Result",
    "Row",
    "SettingResult",
    "Split",
    "Stop",
]

Interval = tuple[float, float]
ClaimKind = Literal["gains", "keeps"]


@dataclass(frozen=True, slots=True)
class Part:
    """A share of a gain."""

    gain: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Split:
    """A gain by cause: `gain` = `format` + `answer`, over the same prompts."""

    format: Part
    """From prompts where only one side gave an extractable answer."""
    answer: Part
    """From prompts where both sides did, or neither."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Where asking stopped, in a run that may stop early. Estimates at an early stop lie too far from 0 on average."""

    n: int
    """Prompts asked."""
    pool: int
    """Prompts there are."""
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
    """What the full list of prompts would print: no verdict, which speaks of prompts of this kind."""

    word: str
    """One of `assay.stats.POOL_WORDS`."""
    interval: Interval
    """For the full list's gain."""
    settled: bool
    """No further prompt of the list can change the word."""


@dataclass(frozen=True, slots=True)
class ClaimResult:
    """A claim and its verdict."""

    adapter: str
    base: str
    label: str
    metric: str
    kind: ClaimKind
    margin: float
    verdict: Verdict
    material: bool = False
    """A harm of the margin or more."""
    kept_within_margin: bool = False
    """A harm, and for `keeps` a fall of the margin or more is excluded nonetheless."""
    reason: str | None = None
    """Why `not measured` or `not applied`."""
    n: int | None = None
    """Prompts."""
    base_score: float | None = None
    score: float | None = None
    gain: float | None = None
    interval: Interval | None = None
    """Under the study's declared family."""
    level: float | None = None
    """Two-sided confidence of `interval`."""
    adapter_interval: Interval | None = None
    """Were each adapter a family of its own."""
    study_interval: Interval | None = None
    """Were all claims of the study one family."""
    p: float | None = None
    """One-sided, of the null that the verdict rejects; not adjusted, compare it with (1 - level) / 2."""
    p_exact: float | None = None
    """Two-sided exact McNemar test of no difference, for metrics that pass or fail a prompt."""
    better: int | None = None
    """Prompts where the adapter does better than the base."""
    worse: int | None = None
    examples_needed: int | None = None
    """About how many prompts would decide an `undecided` claim, at these rates."""
    split: Split | None = None
    other_mode_verdict: str | None = None
    """The verdict if the task were verified in its other mode; None where it has none."""
    stop: Stop | None = None
    """None where nobody looked before the end."""
    extreme: Literal["floor", "ceiling"] | None = None
    """Where the base scores under .05 or over .95: a missing gain there says nothing about the label."""
    within_noise: bool = False
    """The word does not hold if unequal noise of the engine pushed the gain by as much as it may."""
    control: Literal["gains", "no gain"] | None = None
    """What a control adapter must show; its claims are in no count and no gate."""
    pool: Pool | None = None
    """Where the study asks for it (`stop.pool`), on metrics of one check a prompt."""


@dataclass(frozen=True, slots=True)
class Cell:
    """An adapter on a metric that no claim of it names."""

    adapter: str
    base: str
    label: str
    metric: str
    kind: Literal["exploratory", "descriptive"]
    """`exploratory`: the primary metric of an off-target task; `descriptive`: any other."""
    margin: float
    reason: str | None = None
    n: int | None = None
    base_score: float | None = None
    score: float | None = None
    gain: float | None = None
    interval: Interval | None = None
    level: float | None = None
    p: float | None = None
    """Two-sided, of no difference."""
    q: float | None = None
    """`p` adjusted by Benjamini and Hochberg over the study's exploratory cells."""
    harm_excluded: bool | None = None
    """Whether a fall of the margin or more is excluded at the study's alpha."""
    finding: Literal["gains elsewhere", "harms elsewhere"] | None = None
    """Where `q` is at most alpha."""
    better: int | None = None
    worse: int | None = None
    noise: float = 0.0
    """How far unequal noise of the engine may have pushed the gain, either way."""
    split: Split | None = None
    stop: Stop | None = None
    """On a task of its claims, in a run that may stop early."""


@dataclass(frozen=True, slots=True)
class DriftResult:
    """How far an adapter moved elsewhere than where its label says."""

    adapter: str | None
    """None for a recipe's drift."""
    recipe: str | None
    base: str
    variant: str
    """`gap`, `gap_max` or `excess`: see `assay.stats.drift`."""
    target: str
    off_target: tuple[str, ...]
    value: float
    interval: Interval | None
    level: float
    """Two-sided confidence of `interval`."""
    target_gain: float
    off_target_gain: float
    """Mean over the off-target metrics."""
    min_off_target_gain: float
    noise: float = 0.0
    """How far unequal noise of the engine may push it; 0 where that is not measured."""


@dataclass(frozen=True, slots=True)
class RecipeResult:
    """A claim of a recipe: its adapters differ by seed only, and seeds count as a random effect."""

    recipe: str
    base: str
    label: str
    metric: str
    kind: ClaimKind
    margin: float
    seeds: tuple[int, ...]
    gains: tuple[float, ...]
    """One a seed."""
    n: int
    gain: float
    interval: Interval
    level: float
    p: float
    verdict: Verdict
    material: bool
    kept_within_margin: bool
    examples_needed: int | None
    var_prompt: float
    """Variance of a prompt's difference between prompts, between seeds, and the rest."""
    var_seed: float
    var_resid: float
    se_prompt: float
    """Of the mean gain: these adapters, other prompts."""
    se_seed: float
    """Of the mean gain: these prompts, other seeds."""
    flip_rate: float
    """Share of prompts on which the seeds disagree."""
    next_seed: Interval
    """Where the gain of one more seed is expected, with 95 % confidence."""


@dataclass(frozen=True, slots=True)
class SettingResult:
    """One value of one setting, over the configurations that have it."""

    setting: str
    value: str
    configurations: int
    mean: float
    low: float
    """The smallest gain among them."""
    high: float
    above: int
    """Configurations whose verdict is a gain: `confirmed`, `gain` or `trivial`."""
    below: int
    """Configurations that are `harmed`; the rest show neither, near zero or undecided."""


@dataclass(frozen=True, slots=True)
class LabelResult:
    """One label's claim over every configuration (base x recipe) that was tested."""

    label: str
    metric: str
    kind: ClaimKind
    configurations: int
    fails: int
    """At least so many configurations fail the claim, with confidence 1 - alpha (Holm)."""
    holds: int
    """At least so many bear it out, likewise."""
    recurrent: bool
    """The failure was shown in two configurations or more."""
    not_universal: bool
    """The claim was borne out in one configuration or more."""
    statement: str
    mean: float | None = None
    """Mean gain over configurations (random effects)."""
    tau2: float | None = None
    """Variance of the true gain between configurations."""
    i2: float | None = None
    """Share of the observed variation that is not noise."""
    prediction: Interval | None = None
    """Where the gain of the next configuration lies, with 95 % confidence."""
    settings: tuple[SettingResult, ...] = ()


@dataclass(frozen=True, slots=True)
class Counts:
    """The study at a glance."""

    claims: int
    verdicts: dict[str, int]
    """How many claims got each word."""
    fails: int
    """At least so many labels fail, with confidence 1 - alpha over the whole study (Holm)."""
    holds: int
    statement: str


@dataclass(frozen=True, slots=True)
class Row:
    """A subject's line in the matrix."""

    subject: str
    base: str | None
    """None for a base, and for a base under the template of some adapter: `base/template:...`."""
    scores: dict[str, float | None]
    """By metric, `task.metric`."""
    gains: dict[str, float | None]


@dataclass(frozen=True, slots=True)
class Matrix:
    """Subjects x metrics, raw."""

    metrics: tuple[str, ...]
    rows: tuple[Row, ...]

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
    mode: str
    other: str
    checks: int
    """Single verifications (strict and loose) in all responses of the task."""
    differ: int
    """How many of them the other mode decides otherwise."""
    prompts: int
    """Responses whose primary metric it changes."""
    verdicts: int
    """Claims that would get another verdict."""
    causes: dict[str, int]


@dataclass(frozen=True, slots=True)
class ControlResult:
    """Whether a control adapter did what it must."""

    adapter: str
    metric: str
    expected: Literal["gains", "no gain"]
    verdict: Verdict
    failed: bool
    """It surely did not; an open verdict does not fail."""


@dataclass(frozen=True, slots=True)
class ClaimsDeclared:
    """Whether the claims came before the responses."""

    when: Literal["before", "after"]
    reason: str
    history: tuple[Declared, ...]
    """Every block that this run has seen, the oldest first."""


@dataclass(frozen=True, slots=True)
class Result:
    """Everything an audit finds."""

    study: str
    alpha: float
    family: Literal["adapter", "study"]
    claims: tuple[ClaimResult, ...]
    cells: tuple[Cell, ...]
    drift: tuple[DriftResult, ...]
    recipes: tuple[RecipeResult, ...]
    labels: tuple[LabelResult, ...]
    counts: Counts
    matrix: Matrix
    modes: tuple[ModeDifference, ...]
    applied: tuple[Applied, ...]
    """One for each adapter that was loaded; empty where responses were recorded."""
    problems: tuple[str, ...]
    """What was found about adapters before a token was spent, errors first."""
    noise_floor: tuple[NoiseFloor, ...] | None
    """The base against itself; null where responses were recorded."""
    claims_sha256: str
    claims_declared: ClaimsDeclared
    warnings: tuple[str, ...]
    """What a reader must know before believing the rest."""
    versions: dict[str, str]
    agreement: tuple[Agreement, ...] = ()
    """One for each capability that several tasks share."""
    engine_noise: tuple[EngineNoise, ...] = ()
    """One for each base that was asked twice beside its adapters."""
    controls: tuple[ControlResult, ...] = ()
    """One for each claim of a control adapter."""
    rule: int = 1
    """Version of the rules that choose words; a word may differ from that of an older rule on the same records."""
    changes: tuple[Change, ...] = ()
    """What else changed where an adapter gained or fell; describes, and decides nothing."""
    format: Literal["assay.verdicts/1"] = "assay.verdicts/1"
    """Of `verdicts.json`; the number grows when a field changes meaning or goes away."""
