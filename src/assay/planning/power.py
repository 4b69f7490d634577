"""The power of a study: what its prompts and seeds can show at the level of its claims. It uses no model.

Each null is tested one-sided at alpha over the size of the family, as verdicts are: a 1 - 2 alpha interval.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assay import stats
from assay.plan import MetricName, Plan, step_words
from assay.planning.guesses import Guesses
from assay.tasks import Example, Task

__all__ = [
    "POWER",
    "ClaimType",
    "MetricPower",
    "PowerRow",
    "RecipePower",
    "claim_types",
    "differing",
    "mean_checks",
    "metric_power",
    "power_row",
    "recipe_power",
    "scaled_margin",
]

POWER = 0.8
PROMPT_SHARE = 0.4
"""Share of the variance of a prompt's difference that all seeds have in common; the rest is each seed's own."""
SIZE = 1.3
"""Mean square of a difference, in checks, of prompts that have several and differ: 1.28 to 1.38 between
fine-tuned checkpoints of Qwen3-4B and their base on IFEval."""
LITTLE = 0.1
"""A detectable gain that shrinks by less than this share shrinks little."""


@dataclass(frozen=True, slots=True)
class PowerRow:
    """Power at one discordance."""

    discordance: float
    """Share of prompts on which adapter and base differ."""
    detectable: float | None
    """The smallest true gain (or fall) that is shown with power .8; null where none is, or prompts are unknown."""
    to_show: int | None
    """Prompts that show a true gain of the margin with power .8; null where so few that differ cannot make one."""
    to_exclude: int
    """Prompts that exclude a gain (for `keeps`, a fall) of the margin with power .8, where the truth is 0."""


@dataclass(frozen=True, slots=True)
class MetricPower:
    """Claims of one type on one metric."""

    metric: str
    kind: stats.ClaimKind
    margin: float
    claims: int
    prompts: int | None
    """Or clusters, where prompts come in clusters; null where the examples could not be read."""
    checks: float
    """Mean number of checks a prompt; one that differs is taken to differ in little more than one."""
    alpha: float
    """One-sided, for each null, divided by the size of the family."""
    level: float
    """Of the interval: 1 - 2 alpha."""
    rows: tuple[PowerRow, ...]
    against: str | None = None
    """The subject that a gain is measured against; null: the base."""


@dataclass(frozen=True, slots=True)
class RecipePower:
    """Claims of recipes on one metric over the same number of seeds."""

    metric: str
    kind: stats.ClaimKind
    recipes: tuple[str, ...]
    """`recipe on base`"""
    seeds: int
    prompts: int
    alpha: float
    level: float
    seed_sd: float
    """Spread of the true gain between seeds, assumed or a pilot's."""
    discordance: float
    """Assumed, or a pilot's."""
    detectable: float | None
    """The smallest true gain of the recipe that is shown with power .8; null where none is."""
    twice_prompts: float | None
    """The same with twice the prompts."""
    twice_seeds: float | None
    """The same with twice the seeds."""
    advice: str


@dataclass(frozen=True, slots=True)
class ClaimType:
    """What decides a claim's verdict besides its scores: claims that share it are planned together."""

    metric: MetricName
    kind: stats.ClaimKind
    margin: float
    alpha: float
    """One-sided, divided by the size of the family."""
    against: str | None = None
    """The subject that a gain is measured against; None: the base."""


_Alike = tuple[MetricName, stats.ClaimKind, int, float]
"""Metric, kind, seeds and alpha of recipes that are judged alike."""


def claim_types(plan: Plan) -> list[ClaimType]:
    """The type of each of the plan's claims, in their order."""
    return [
        ClaimType(claim.metric, claim.kind, claim.margin, claim.alpha, claim.against) for claim in plan.claims
    ]


def metric_power(
    plan: Plan, prompts: Mapping[str, int], checks: Mapping[MetricName, float], guesses: Guesses
) -> tuple[MetricPower, ...]:
    """The power for each metric, kind, margin and level. prompts: by task; checks a prompt: by metric."""
    return tuple(
        MetricPower(
            metric=str(claim.metric),
            kind=claim.kind,
            margin=claim.margin,
            claims=count,
            prompts=(n := prompts.get(claim.metric.task)),
            checks=(mean := checks.get(claim.metric, 1.0)),
            alpha=claim.alpha,
            level=1 - 2 * claim.alpha,
            rows=tuple(
                power_row(n, share, claim.margin, mean, claim.alpha)
                for share in guesses.of(str(claim.metric))
            ),
            against=claim.against,
        )
        for claim, count in Counter(claim_types(plan)).items()
    )


def power_row(n: int | None, discordance: float, margin: float, checks: float, alpha: float) -> PowerRow:
    """Power on n prompts, None where their number is not known.

    Computed in checks a prompt: a prompt that differs in one of m moves the gain by 1/m of a prompt.
    """
    scaled, spread = scaled_margin(margin, checks), differing(discordance, checks)
    gain = stats.detectable_gain(n, spread, alpha, POWER) if n else None
    return PowerRow(
        discordance=discordance,
        detectable=None if gain is None else gain / checks,
        to_show=stats.prompts_to_detect(scaled, spread, alpha, POWER) if scaled <= spread else None,
        to_exclude=stats.prompts_to_exclude(scaled, spread, alpha, POWER),
    )


def mean_checks(
    plan: Plan, tasks: Mapping[str, Task], examples: Mapping[str, Sequence[Example]]
) -> dict[MetricName, float]:
    """Mean number of checks a prompt, by metric; it depends on no response. examples: of tasks whose examples are known."""
    means = {}
    for name, drawn in examples.items():
        out_of = [tasks[name].score(example, "").out_of for example in drawn]
        for index, metric in enumerate(plan.tasks[name].metrics):
            checks = 1.0 if metric.kind == "mean" else sum(counts[index] for counts in out_of) / len(out_of)
            means[MetricName(name, metric.name)] = checks
    return means


def scaled_margin(margin: float, checks: float) -> float:
    """The margin in checks a prompt."""
    return min(margin * checks, 1 - 1e-9)


def differing(discordance: float, checks: float) -> float:
    """Mean squared difference of a prompt, in checks: the discordance itself where each has one."""
    return discordance if checks == 1 else min(1.0, SIZE * discordance)


def recipe_power(
    plan: Plan, prompts: Mapping[str, int], checks: Mapping[MetricName, float], guesses: Guesses
) -> tuple[RecipePower, ...]:
    """The power for each metric, number of seeds and level; recipes of one seed, and unknown prompts, are left out."""
    seeds = Counter(
        (
            claim.subject.replicated,
            claim.subject.training,
            claim.label,
            claim.metric,
            claim.kind,
            claim.against,
        )
        for claim in plan.claims
        if not claim.subject.control
    )
    several = {key: count for key, count in seeds.items() if count > 1}
    own = Counter(training for _, training, *_ in several)
    groups: dict[_Alike, list[str]] = defaultdict(list)
    for ((recipe, base, step), training, _, metric, kind, against), count in several.items():
        alpha = plan.alpha / (own[training] if plan.family == "adapter" else len(several))
        if prompts.get(metric.task, 0) > 1:
            other = f" against {against}" if against else ""
            groups[metric, kind, count, alpha].append(f"{step_words(recipe, step)} on {base}{other}")
    return tuple(
        _recipe(key, tuple(names), prompts[key[0].task], checks.get(key[0], 1.0), guesses)
        for key, names in groups.items()
    )


def _recipe(
    key: _Alike,
    names: tuple[str, ...],
    n: int,
    checks: float,
    guesses: Guesses,
) -> RecipePower:
    metric, kind, seeds, alpha = key
    seed_sd, discordance = guesses.between_seeds, guesses.middle(str(metric))
    of_prompt = differing(discordance, checks) / checks**2
    variances = stats.RecipeVariances(PROMPT_SHARE * of_prompt, seed_sd**2, (1 - PROMPT_SHARE) * of_prompt)
    now, prompts, more = (
        stats.detectable_recipe_gain(count, many, variances, alpha, POWER)
        for count, many in ((n, seeds), (2 * n, seeds), (n, 2 * seeds))
    )
    return RecipePower(
        metric=str(metric),
        kind=kind,
        recipes=names,
        seeds=seeds,
        prompts=n,
        alpha=alpha,
        level=1 - 2 * alpha,
        seed_sd=seed_sd,
        discordance=discordance,
        detectable=now,
        twice_prompts=prompts,
        twice_seeds=more,
        advice=_advice(now, prompts, more),
    )


def _advice(now: float | None, prompts: float | None, seeds: float | None) -> str:
    """A sentence on whether prompts or seeds are worth adding."""
    if now is None or prompts is None or seeds is None:
        return "More prompts would not help: so few seeds show nothing; train more seeds."
    if now - prompts < LITTLE * now:
        return "More prompts would not help much: seeds dominate. Train more seeds."
    if now - seeds < LITTLE * now:
        return "More prompts would help: prompts dominate, and more seeds add little."
    better = "seeds" if seeds < prompts else "prompts"
    return f"More prompts would help, and so would more seeds; twice the {better} helps more."
