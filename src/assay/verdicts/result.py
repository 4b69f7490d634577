"""What an audit finds: the tree that `verdicts.json` holds and every report is made from.

Gains, scores and margins are fractions between -1 and 1 (0.05 is five points). An interval is [low, high], or null."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from assay.plan import step_words
from assay.stats import Verdict
from assay.verdicts.descriptive import (
    Agreement,
    Applied,
    Change,
    Course,
    Dose,
    EngineNoise,
    NoiseFloor,
    Reliability,
    TurnScores,
)
from assay.verdicts.notebook import coloured, ends, points, table, text
from assay.verdicts.parts import (
    ClaimsDeclared,
    ControlResult,
    Counts,
    Interval,
    Matrix,
    Measured,
    ModeDifference,
    NullResponses,
    Part,
    Pool,
    Row,
    SettingResult,
    Split,
    Stop,
)

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
    "Measured",
    "ModeDifference",
    "NoiseFloor",
    "NullResponses",
    "Part",
    "Pool",
    "RecipeResult",
    "Result",
    "Row",
    "SettingResult",
    "Split",
    "Stop",
]

ClaimKind = Literal["gains", "keeps"]


@dataclass(frozen=True, slots=True)
class ClaimResult:
    """A claim and its verdict."""

    adapter: str
    """Its name in the study."""
    base: str
    """The name of its base."""
    label: str
    """Its label."""
    metric: str
    """`task.metric`."""
    kind: ClaimKind
    """`gains`, or `keeps`: not to fall by the margin."""
    margin: float
    """The smallest gain or fall that matters."""
    verdict: Verdict
    """What the evidence says of the claim."""
    material: bool = False
    """A harm of the margin or more."""
    kept_within_margin: bool = False
    """`harmed`, for a `keeps` claim, and a fall of the margin or more is excluded."""
    reason: str | None = None
    """Why `not measured` or `not applied`."""
    n: int | None = None
    """Number of prompts, or of clusters where prompts come in clusters."""
    base_score: float | None = None
    """The base's score."""
    score: float | None = None
    """The adapter's score."""
    gain: float | None = None
    """`score` minus `base_score`."""
    interval: Interval | None = None
    """Interval of the gain, under the study's declared family."""
    level: float | None = None
    """Two-sided confidence of `interval`."""
    adapter_interval: Interval | None = None
    """The interval if each adapter were a family of its own."""
    study_interval: Interval | None = None
    """The interval if all claims of the study were one family."""
    p: float | None = None
    """One-sided p-value of the null that the verdict rejects; not adjusted, compare it with (1 - level) / 2."""
    p_exact: float | None = None
    """Two-sided exact McNemar test of no difference, for metrics that pass or fail a prompt."""
    better: int | None = None
    """Prompts where the adapter does better than the base."""
    worse: int | None = None
    """Prompts where it does worse."""
    examples_needed: int | None = None
    """About how many prompts would decide an `undecided` claim, at these rates."""
    split: Split | None = None
    """The gain by cause, for tasks with an extracted answer."""
    other_mode_verdict: str | None = None
    """The verdict if the task were verified in its other mode; null if the task has one mode."""
    stop: Stop | None = None
    """Where generation stopped; null if there was no interim look."""
    extreme: Literal["floor", "ceiling"] | None = None
    """Set if the base scores under .05 or over .95: then a missing gain says nothing about the label."""
    within_noise: bool = False
    """The verdict would not hold if unequal noise of the engine moved the gain by as much as it may."""
    control: Literal["gains", "no gain"] | None = None
    """What a control adapter must show; its claims are in no count and no gate."""
    pool: Pool | None = None
    """The result for this list of prompts, if the study asks for it (`stop.pool`); metrics of one check per prompt only."""
    against: str | None = None
    """The subject that the gain is measured against, in place of the base; `base_score` is its score. Null: the base."""

    @property
    def says_nothing(self) -> bool:
        """Whether it neither passes nor fails: within the engine's noise, or a missing gain at a floor or ceiling."""
        return self.within_noise or bool(self.extreme and self.verdict in (Verdict.NO_GAIN, Verdict.TRIVIAL))

    @property
    def words(self) -> str:
        """The verdict with the words that always accompany it."""
        words = _words(self)
        if self.extreme and self.verdict in (Verdict.NO_GAIN, Verdict.TRIVIAL, Verdict.UNDECIDED):
            words += f", the {'reference' if self.against else 'base'} at a {self.extreme}"
        return words + (", within the engine's noise" if self.within_noise else "")


@dataclass(frozen=True, slots=True)
class Cell:
    """An adapter on a metric that no claim of it names."""

    adapter: str
    """Its name in the study."""
    base: str
    """The name of its base."""
    label: str
    """Its label."""
    metric: str
    """`task.metric`."""
    kind: Literal["exploratory", "descriptive", "regression"]
    """`exploratory`: the primary metric of an off-target task; `regression`: against the policy's champion; `descriptive`: any
    other."""
    margin: float
    """The smallest gain or fall that matters."""
    reason: str | None = None
    """Why there is no gain."""
    n: int | None = None
    """Number of prompts, or of clusters where prompts come in clusters."""
    base_score: float | None = None
    """The base's score."""
    score: float | None = None
    """The adapter's score."""
    gain: float | None = None
    """`score` minus `base_score`."""
    interval: Interval | None = None
    """Interval of the gain, not adjusted."""
    level: float | None = None
    """Two-sided confidence of `interval`."""
    p: float | None = None
    """Two-sided p-value of no difference."""
    q: float | None = None
    """`p` adjusted by Benjamini and Hochberg over the study's exploratory cells."""
    harm_excluded: bool | None = None
    """Whether a fall of the margin or more is excluded at the study's alpha."""
    finding: Literal["gains elsewhere", "harms elsewhere"] | None = None
    """Where `q` is at most alpha."""
    better: int | None = None
    """Prompts where the adapter does better than the base."""
    worse: int | None = None
    """Prompts where it does worse."""
    noise: float = 0.0
    """How far unequal noise of the engine may have moved the gain, up or down."""
    split: Split | None = None
    """The gain by cause, for tasks with an extracted answer."""
    stop: Stop | None = None
    """Where generation stopped, on a task of the adapter's claims in a run that may stop early."""
    against: str | None = None
    """As for a claim; set for the cells of such a claim's drift, and for those against the policy's champion."""


@dataclass(frozen=True, slots=True)
class DriftResult:
    """The drift of an adapter or a recipe: the gain on other capabilities minus the gain on the target."""

    adapter: str | None
    """Its name in the study; null for a recipe's drift."""
    recipe: str | None
    """The recipe's name; null for an adapter's drift."""
    base: str
    """The name of its base."""
    variant: str
    """`gap`, `gap_max` or `excess`: see `assay.stats.drift`."""
    target: str
    """The claimed metric."""
    off_target: tuple[str, ...]
    """The metrics of other capabilities."""
    value: float
    """The drift, in the metric's units."""
    interval: Interval | None
    """Interval of the drift."""
    level: float
    """Two-sided confidence of `interval`."""
    target_gain: float
    """The gain on the target."""
    off_target_gain: float
    """Mean over the off-target metrics."""
    min_off_target_gain: float
    """The smallest of the off-target gains."""
    noise: float = 0.0
    """How far unequal noise of the engine may have moved it; 0 if that is not measured."""
    step: int | None = None
    """The training step of a recipe's checkpoints; null for an adapter's drift, and for final adapters."""
    against: str | None = None
    """The subject that the gains are against; null: the base."""

    @property
    def name(self) -> str:
        """The adapter, or recipe and step, for a reader."""
        return self.adapter or step_words(self.recipe or "", self.step)


@dataclass(frozen=True, slots=True)
class RecipeResult:
    """A claim of a recipe: its adapters differ by seed only, and seeds count as a random effect."""

    recipe: str
    """Its name."""
    base: str
    """The name of its base."""
    label: str
    """Its label."""
    metric: str
    """`task.metric`."""
    kind: ClaimKind
    """`gains`, or `keeps`: not to fall by the margin."""
    margin: float
    """The smallest gain or fall that matters."""
    seeds: tuple[int, ...]
    """The training seeds, in order."""
    gains: tuple[float, ...]
    """The gain of each seed."""
    n: int
    """Number of prompts, or of clusters where prompts come in clusters."""
    gain: float
    """Mean over seeds."""
    interval: Interval
    """Interval of the mean gain, for other seeds and other prompts."""
    level: float
    """Two-sided confidence of `interval`."""
    p: float
    """One-sided p-value of the null that the verdict rejects."""
    verdict: Verdict
    """What the evidence says of the claim, for other seeds too."""
    material: bool
    """A harm of the margin or more."""
    kept_within_margin: bool
    """`harmed`, for a `keeps` claim, and a fall of the margin or more is excluded."""
    examples_needed: int | None
    """About how many prompts would decide an `undecided` claim, if prompts can."""
    var_prompt: float
    """Variance between prompts, of the difference that a prompt makes."""
    var_seed: float
    """Variance between seeds."""
    var_resid: float
    """The remaining variance, beyond prompts and seeds."""
    se_prompt: float
    """Standard error of the mean gain: these adapters, other prompts."""
    se_seed: float
    """Standard error of the mean gain: these prompts, other seeds."""
    flip_rate: float
    """Share of prompts on which the seeds disagree."""
    next_seed: Interval
    """The interval for the gain of one more seed, with 95 % confidence."""
    step: int | None = None
    """The training step of its checkpoints; null for final adapters."""
    against: str | None = None
    """As for a claim."""

    @property
    def name(self) -> str:
        """Recipe and step, for a reader."""
        return step_words(self.recipe, self.step)

    @property
    def words(self) -> str:
        """The verdict with the words that always accompany it."""
        return _words(self)


def _words(result: ClaimResult | RecipeResult) -> str:
    material = " (material)" if result.material else ""
    within = ", kept within the margin" if result.kept_within_margin else ""
    return f"{result.verdict}{material}{within}"


@dataclass(frozen=True, slots=True)
class LabelResult:
    """One label's claim over every configuration (base x recipe) that was tested."""

    label: str
    """The label."""
    metric: str
    """`task.metric`."""
    kind: ClaimKind
    """`gains`, or `keeps`: not to fall by the margin."""
    configurations: int
    """How many were tested."""
    fails: int
    """At least so many configurations fail the claim, with confidence 1 - alpha (Holm)."""
    holds: int
    """In at least so many configurations the claim holds, with the same confidence."""
    recurrent: bool
    """The failure was shown in two configurations or more."""
    not_universal: bool
    """The claim was shown to hold in one configuration or more."""
    statement: str
    """`fails` and `holds` in a sentence."""
    mean: float | None = None
    """Mean gain over configurations (random effects)."""
    tau2: float | None = None
    """Variance of the true gain between configurations."""
    i2: float | None = None
    """Share of the observed variation that is not noise."""
    prediction: Interval | None = None
    """The interval for the gain of the next configuration, with 95 % confidence."""
    settings: tuple[SettingResult, ...] = ()
    """One for each value of each setting, if the study names settings."""
    against: str | None = None
    """As for a claim."""
    scale: float | None = None
    """The scale that the claim names; null if it names none."""


@dataclass(frozen=True, slots=True)
class Result:
    """All findings of an audit."""

    study: str
    """The study's name."""
    alpha: float
    """The error rate of a family of claims, one-sided."""
    family: Literal["adapter", "study"]
    """Which claims share `alpha`."""
    claims: tuple[ClaimResult, ...]
    """One verdict for each claim of an adapter."""
    cells: tuple[Cell, ...]
    """Every adapter on every metric without a claim of it."""
    drift: tuple[DriftResult, ...]
    """One for each variant, for each adapter and each recipe of several seeds."""
    recipes: tuple[RecipeResult, ...]
    """One for each claim of a recipe of several seeds."""
    labels: tuple[LabelResult, ...]
    """One for each claim of a label, over all of its configurations."""
    counts: Counts
    """Counts over all claims of the study."""
    matrix: Matrix
    """Raw scores and gains."""
    modes: tuple[ModeDifference, ...]
    """One for each task that can be verified in two modes."""
    applied: tuple[Applied, ...]
    """One for each adapter that was loaded; empty if the responses were recorded."""
    problems: tuple[str, ...]
    """What preflight found about the adapters, errors first."""
    noise_floor: tuple[NoiseFloor, ...] | None
    """The base compared with itself; null if the responses were recorded."""
    claims_sha256: str
    """Digest of the claim block."""
    claims_declared: ClaimsDeclared
    """Whether the claims came before the responses."""
    warnings: tuple[str, ...]
    """What a reader must know before relying on the findings."""
    versions: dict[str, str]
    """Versions of the software that generated and scored, by name."""
    agreement: tuple[Agreement, ...] = ()
    """One for each capability that several tasks share."""
    engine_noise: tuple[EngineNoise, ...] = ()
    """One for each base that ran twice on a sample of prompts, as did its adapters."""
    controls: tuple[ControlResult, ...] = ()
    """One for each claim of a control adapter."""
    rule: int = 1
    """Version of the rules for verdicts; another version may give another verdict on the same records."""
    changes: tuple[Change, ...] = ()
    """What else changed in the responses of adapters that gained or fell; descriptive only."""
    dose: tuple[Dose, ...] = ()
    """One for each adapter with several scales and each metric that it claims; descriptive only."""
    courses: tuple[Course, ...] = ()
    """One for each training with several checkpoints and each metric that it claims."""
    models: tuple[str, ...] = ()
    """Subjects that are full models, not adapters."""
    regressions: tuple[Cell, ...] = ()
    """If the policy names a champion: each other adapter that the gate judges against it, with the budget as `margin`."""
    measured: tuple[Measured, ...] = ()
    """When each subject was measured on each task, if the policy says when a result is stale."""
    reliability: tuple[Reliability, ...] = ()
    """One for each subject on each task whose file names clusters; descriptive only."""
    turns: tuple[TurnScores, ...] = ()
    """One for each subject and metric of a task of several turns, in a run that did not stop early; descriptive only."""
    nulls: tuple[NullResponses, ...] | None = None
    """One for each subject and task with null responses; null if an older version decided, which did not count them."""
    format: Literal["assay.verdicts/1"] = "assay.verdicts/1"
    """The format of `verdicts.json`; the number grows when a field changes meaning or is removed."""

    def _repr_html_(self) -> str:
        """The verdicts and the matrix, for notebooks."""
        claims = table(
            f"Verdicts of {self.study} (gains in points)",
            ["adapter", "claim", "prompts", "gain", "interval", "verdict"],
            (
                [
                    *map(text, (claim.adapter, f"{claim.kind} {claim.metric}", claim.n or "-")),
                    *(points(claim.gain), ends(claim.interval), coloured(claim.verdict, claim.words)),
                ]
                for claim in self.claims
            ),
        )
        return f"{claims}<p>{text(self.counts.statement)}</p>{self.matrix._repr_html_()}"
