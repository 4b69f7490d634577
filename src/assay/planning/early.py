"""Where a run that stops early is expected to stop, and what it then costs.

Each type of claim is simulated at a few true gains, which gives the verdicts and prompts of such runs. A run's cost
assumes that every claim is equally true, and that its cells stop independently of each other. It reads no response.
"""

from __future__ import annotations

import zlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay import stats
from assay.plan import MetricName, Plan, TaskPlan
from assay.planning.cost import Length, SubjectCost, expected_tokens
from assay.planning.guesses import Guesses
from assay.planning.power import ClaimType, claim_types, differing, scaled_margin
from assay.planning.trial import Trial, estimate
from assay.planning.walks import Rule, thinned, walk
from assay.progress import Progress, silent

__all__ = ["Early", "EarlyCost", "ExpectedStop", "Simulated", "early_costs", "expected_stops", "may_stop"]

Shares = Mapping[tuple[str, str], float]
"""Share of a task's prompts that are used, by subject and task."""
Floats = NDArray[np.float64]

TRUTHS = (2.0, 1.0, 0.0, -1.0)
"""True gains of the simulations, in margins."""
RUNS = 2000
"""Simulated at each; a share of them is off by one point in a hundred, or two."""
FEWEST, BETS = 20, 100_000
"""Of the betting design, whose every prompt is played: runs at least, and prompts of all of them together."""


@dataclass(frozen=True, slots=True)
class ExpectedStop:
    """Claims of one type, at one true gain."""

    metric: str
    kind: stats.ClaimKind
    margin: float
    alpha: float
    """One-sided, divided by the size of the family."""
    prompts: int
    """The prompts at which it ends in any case."""
    margins: float
    """The true gain, in margins."""
    gain: float
    """The true gain."""
    discordance: float
    """Assumed, or a pilot's; at least as large as the gain."""
    runs: int
    """Simulated."""
    share: float
    """Mean share of the prompts that an adapter gets."""
    words: Mapping[str, float]
    """Share of the runs that end with each verdict, the most frequent first."""
    against: str | None = None
    """The subject that a gain is measured against; null: the base."""


@dataclass(frozen=True, slots=True)
class EarlyCost:
    """A run whose every claim has the same true gain, in margins."""

    margins: float
    share: float
    """Of the tokens of a run to the end: a pilot's, else as many as there may be."""
    responses: int
    longest: int
    """Tokens, if every response had its longest length."""
    expected: int | None
    """Tokens, if every response were as long as a pilot's; null where no pilot says."""
    low: float | None
    """Seconds, if responses use a quarter of the tokens that they may use; null without a trial."""
    high: float | None
    """Seconds, if they use all of them; null without a trial."""
    expected_time: float | None
    """Seconds, if they are as long as a pilot's; null without a pilot or a trial."""


@dataclass(frozen=True, slots=True)
class Early:
    """The expected course of a run that stops once everything is decided."""

    stated: bool
    """Whether the study stops early; else it would with `--until decided`."""
    design: str
    first: int
    """Prompts before the first look."""
    every: int
    """Prompts between looks."""
    stops: tuple[ExpectedStop, ...]
    costs: tuple[EarlyCost, ...]
    """None where nothing is generated."""


@dataclass(frozen=True, slots=True)
class Simulated:
    """Expected stops, with the end of each simulated run."""

    stops: tuple[ExpectedStop, ...]
    ends: Mapping[tuple[ClaimType, float], NDArray[np.int64]]
    """By claim and true gain in margins: (runs,) prompts used."""
    left_out: tuple[str, ...] = ()
    """Metrics that a run cannot stop early on."""


def may_stop(task: TaskPlan) -> bool:
    """Whether a run may stop early on a task: its prompts are independent, and no judge decides it."""
    return not task.clustered and not task.judged


def expected_stops(
    plan: Plan,
    prompts: Mapping[str, int],
    checks: Mapping[MetricName, float],
    guesses: Guesses,
    progress: Progress = silent,
) -> Simulated:
    """Every type of claim, simulated at each true gain; the study's seed makes it reproducible.

    What a run cannot stop early on, or whose prompts are not known, is left out. A prompt of several checks
    counts as in `metric_power`: one that differs, in little more than one of them.
    """
    stop = plan.stop
    known = [claim for claim in dict.fromkeys(claim_types(plan)) if claim.metric.task in prompts]
    alike = [
        claim
        for claim in known
        if may_stop(plan.tasks[claim.metric.task])
        and (stop.design == "group" or checks.get(claim.metric, 1.0) == 1)
    ]
    left_out = dict.fromkeys(str(claim.metric) for claim in known if claim not in alike)
    stops, ends = [], {}
    for done, claim in enumerate(alike):
        progress("simulating early stops", done, len(alike))
        n, per = prompts[claim.metric.task], checks.get(claim.metric, 1.0)
        design = thinned(stats.Design(n, stop.design, stop.first, stop.every))
        rule = Rule(design, claim.kind, scaled_margin(claim.margin, per), claim.alpha)
        for margins in TRUTHS:
            expected, ends[claim, margins] = _stop(
                rule,
                claim,
                margins,
                per,
                guesses.middle(str(claim.metric)),
                _generator(plan.seed, claim, margins),
            )
            stops.append(expected)
    if alike:
        progress("simulating early stops", len(alike), len(alike))
    return Simulated(tuple(stops), ends, tuple(left_out))


def _generator(seed: int, claim: ClaimType, margins: float) -> np.random.Generator:
    named = f"{claim.metric} {claim.kind} {claim.margin!r} {claim.alpha!r} {margins!r}"
    return np.random.default_rng([seed, zlib.crc32(named.encode())])


def _stop(
    rule: Rule, claim: ClaimType, margins: float, checks: float, discordance: float, rng: np.random.Generator
) -> tuple[ExpectedStop, NDArray[np.int64]]:
    pool = rule.design.pool
    runs = RUNS if rule.design.kind == "group" else int(np.clip(BETS // pool, FEWEST, RUNS))
    gain = float(np.clip(margins * rule.margin, -1, 1))
    assumed = differing(discordance, checks)
    spread = max(assumed, abs(gain))
    ended = walk(rule, gain, spread, runs, rng)
    words = Counter(ended.words.tolist())
    expected = ExpectedStop(
        metric=str(claim.metric),
        kind=claim.kind,
        margin=claim.margin,
        alpha=claim.alpha,
        prompts=pool,
        margins=margins,
        gain=gain / checks,
        discordance=discordance if spread == assumed else min(1.0, discordance * spread / assumed),
        runs=runs,
        share=float(ended.n.mean()) / pool,
        words={
            word: count / runs for word, count in sorted(words.items(), key=lambda item: (-item[1], item[0]))
        },
        against=claim.against,
    )
    return expected, ended.n


def early_costs(
    plan: Plan,
    simulated: Simulated,
    parts: Sequence[SubjectCost],
    prompts: Mapping[str, int],
    lengths: Mapping[str, Length],
    trials: Sequence[Trial],
) -> tuple[EarlyCost, ...]:
    """The cost of a run at each true gain: claimed cells as simulated, the base as far as its furthest adapter."""
    if not parts or not simulated.stops:
        return ()
    return tuple(
        _cost(margins, _shares(plan, simulated, prompts, margins), parts, lengths, trials)
        for margins in TRUTHS
    )


def _cost(
    margins: float,
    of_cell: Shares,
    parts: Sequence[SubjectCost],
    lengths: Mapping[str, Length],
    trials: Sequence[Trial],
) -> EarlyCost:
    def share(part: SubjectCost) -> float:
        return of_cell[part.name, part.task]

    tokens = [expected_tokens(part, lengths) for part in parts]
    known = [count for count in tokens if count is not None]
    weights = known if len(known) == len(tokens) else [float(part.longest) for part in parts]
    weighed = sum(share(part) * weight for part, weight in zip(parts, weights, strict=True))
    time = estimate(parts, trials, lengths, share) if trials else None
    return EarlyCost(
        margins=margins,
        share=weighed / sum(weights) if sum(weights) else 0.0,
        responses=round(sum(share(part) * part.responses for part in parts)),
        longest=round(sum(share(part) * part.longest for part in parts)),
        expected=round(weighed) if weights is known else None,
        low=time.low if time else None,
        high=time.high if time else None,
        expected_time=time.expected if time else None,
    )


def _shares(plan: Plan, simulated: Simulated, prompts: Mapping[str, int], margins: float) -> Shares:
    """Expected share of the prompts that each subject gets on each task."""
    of_cell: dict[tuple[str, str], list[ClaimType]] = defaultdict(list)
    for claim, judged in zip(plan.claims, claim_types(plan), strict=True):
        of_cell[claim.subject.name, claim.metric.task].append(judged)
    shares: dict[tuple[str, str], float] = {}
    for task, pool in prompts.items():
        elsewhere = min(plan.stop.elsewhere or pool, pool)
        for base in plan.bases:
            furthest = np.ones(pool)
            for adapter in plan.adapters_of(base.name):
                claimed = of_cell.get((adapter.name, task))
                by = _ended_by(claimed, simulated, pool, margins) if claimed else _from(elsewhere, pool)
                by = _from(pool, pool) if adapter.is_model else by
                shares[adapter.name, task] = float((1 - by).mean())
                furthest *= by
            shares[base.name, task] = float((1 - furthest).mean())
    against = [(claim.subject.name, claim.reference.name, claim.metric.task) for claim in plan.claims]
    if (champion := plan.champion) is not None:
        against += [(adapter.name, champion.name, metric.task) for adapter, metric in plan.regressions()]
    for name, reference, task in against:  # what it is against goes as far
        shares[reference, task] = max(shares.get((reference, task), 0.0), shares.get((name, task), 0.0))
    return shares


def _ended_by(types: Sequence[ClaimType], simulated: Simulated, pool: int, margins: float) -> Floats:
    """Chance that every claim of a cell is settled after 0, 1, ... pool - 1 prompts."""
    by = np.ones(pool)
    for claim in types:
        if (claim, margins) not in simulated.ends:
            return _from(pool, pool)
        n = np.sort(simulated.ends[claim, margins])
        by *= np.searchsorted(n, np.arange(pool), side="right") / len(n)
    return by


def _from(prompts: int, pool: int) -> Floats:
    """The same for a cell that surely gets this many prompts."""
    return (np.arange(pool) >= prompts).astype(np.float64)
