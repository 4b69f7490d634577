"""Verdicts on recipes over their seeds, and on labels over every tested recipe and base. It knows no response."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from assay import stats
from assay.plan import Claim, Plan, Subject
from assay.verdicts.claims import FAILS, HOLDS, at_least, extreme_of, p_values
from assay.verdicts.pair import PairedScores, Pairs
from assay.verdicts.result import ClaimResult, LabelResult, RecipeResult, SettingResult

__all__ = ["Configuration", "configurations", "judge_labels", "judge_recipes", "over_seeds"]


@dataclass(slots=True)
class Configuration:
    """One claim of one recipe on one base: the unit of recurrence."""

    claim: Claim
    """The claim of its first adapter; all of them make the same one."""
    recipe: str
    step: int | None = None
    """Of checkpoints: adapters of another step are another configuration, not other seeds."""
    adapters: list[Subject] = field(default_factory=list)
    cells: list[PairedScores] = field(default_factory=list)
    """Cells of the adapters that were measured and alive."""
    lacking: int = 0
    cut_short: bool = False
    """Whether a seed stopped before its last prompt, so there is no verdict over seeds."""
    within_noise: bool = False
    """Whether a seed's word would not hold if unequal noise moved its gain."""
    alpha: float = 0.0
    """One-sided level of its verdict: the study's, divided by the size of the family."""

    @property
    def gain(self) -> stats.Gain | None:
        """Over the seeds where there are several, else the one adapter's; None where none was measured."""
        if not self.cells:
            return None
        if len(self.cells) == 1:
            return self.cells[0].gain
        return self.over_seeds

    @property
    def seeds(self) -> int:
        """Number of its adapters, measured or not."""
        return len(self.cells) + self.lacking

    @property
    def at_extreme(self) -> bool:
        """Whether the base is at a floor or ceiling, where a missing gain says nothing about the label."""
        return self.claim.kind == "gains" and any(extreme_of(cell.base_score) for cell in self.cells)

    @property
    def is_judged(self) -> bool:
        """Whether there is a verdict over seeds: one seed or one prompt gives no variance."""
        return len(self.cells) > 1 and self.cells[0].gain.n > 1

    @property
    def over_seeds(self) -> stats.RecipeGain:
        """Seeds as a random effect; needs two at least."""
        return over_seeds(self.cells)


def over_seeds(cells: Sequence[PairedScores]) -> stats.RecipeGain:
    """One metric of one recipe's adapters, a column a seed."""
    differences = np.column_stack([cell.differences for cell in cells])
    return stats.RecipeGain(differences, cells[0].weights.astype(np.float64))


def configurations(plan: Plan, judged: Sequence[ClaimResult], pairs: Pairs) -> list[Configuration]:
    """Claims grouped by recipe, step, base, label, metric and kind, in the order of the study."""
    groups: dict[tuple[object, ...], Configuration] = {}
    for claim, result in zip(plan.claims, judged, strict=True):
        if claim.subject.control:
            continue
        recipe, step = claim.subject.recipe, claim.subject.step
        key = (recipe, step, claim.subject.base, claim.label, claim.metric, claim.kind, claim.against)
        group = groups.setdefault(key, Configuration(claim, recipe, step))
        group.within_noise |= result.within_noise
        cell = pairs.of(claim)
        if isinstance(cell, PairedScores):
            group.adapters.append(claim.subject)
            group.cells.append(cell)
        else:
            group.lacking += 1
    for group in groups.values():
        if len(group.cells) > 1 and any(cell.cut_short for cell in group.cells):
            # The number of prompts that a seed answered depends on its answers.
            group.lacking, group.cut_short = group.lacking + len(group.cells), True
            group.adapters, group.cells = [], []
    _share(plan, list(groups.values()))
    return list(groups.values())


def _share(plan: Plan, groups: Sequence[Configuration]) -> None:
    """Set the level of each configuration.

    Over seeds the family is the recipe's own declared claims, measured or not, or with `family: study` those of all
    recipes of several seeds; a single adapter's claims keep their own level.
    """
    of_seeds = [group for group in groups if group.seeds > 1]
    own, own_of_seeds = (
        Counter(group.claim.subject.training for group in family) for family in (groups, of_seeds)
    )
    for group in groups:
        count = (own_of_seeds if group.seeds > 1 else own)[group.claim.subject.training]
        whole = len(of_seeds) if group.is_judged else len(plan.claims)
        group.alpha = plan.alpha / (count if plan.family == "adapter" else whole)


def judge_recipes(groups: Sequence[Configuration]) -> tuple[RecipeResult, ...]:
    """A verdict for each claim of each recipe that has two measured seeds or more, on two prompts or more."""
    return tuple(_judge(group) for group in groups if group.is_judged)


def _judge(group: Configuration) -> RecipeResult:
    claim, gain = group.claim, group.over_seeds
    finding = stats.judge(gain, claim.kind, claim.margin, group.alpha)
    parts = gain.components
    return RecipeResult(
        recipe=group.recipe,
        base=claim.subject.base,
        against=claim.against,
        label=claim.label,
        metric=str(claim.metric),
        kind=claim.kind,
        margin=claim.margin,
        seeds=tuple(adapter.seed if adapter.seed is not None else 0 for adapter in group.adapters),
        gains=tuple(cell.gain.estimate for cell in group.cells),
        n=gain.n,
        gain=gain.estimate,
        interval=(finding.low, finding.high),
        level=finding.level,
        p=finding.p,
        verdict=finding.verdict,
        material=finding.material,
        kept_within_margin=finding.kept_within_margin,
        examples_needed=group.cells[0].in_prompts(finding.examples_needed),
        var_prompt=parts.var_prompt,
        var_seed=parts.var_seed,
        var_resid=parts.var_resid,
        se_prompt=parts.se_prompt,
        se_seed=parts.se_seed,
        flip_rate=parts.flip_rate,
        next_seed=stats.next_seed_interval(gain.differences, gain.weights, 0.95),
        step=group.step,
    )


def judge_labels(alpha: float, groups: Sequence[Configuration]) -> tuple[LabelResult, ...]:
    """For each label and claim: the least number of configurations in which it fails or holds, and how it varies.

    A training counts once, by its result or else its last checkpoint: its steps are no recurrence, and claims at
    several scales are claims of their own.
    """
    by_claim: dict[tuple[object, ...], list[Configuration]] = defaultdict(list)
    for group in _last_steps(groups):
        claim = group.claim
        by_claim[claim.label, claim.metric, claim.kind, claim.against, claim.scale].append(group)
    return tuple(_label(alpha, members) for members in by_claim.values())


def _last_steps(groups: Sequence[Configuration]) -> Iterator[Configuration]:
    """The result of each recipe's training where it is tested, else its last checkpoint."""
    last: dict[tuple[object, ...], Configuration] = {}
    for group in groups:
        claim = group.claim
        key = (group.recipe, claim.subject.base, claim.label, claim.metric, claim.kind, claim.against)
        other = last.setdefault(key, group)
        if other.step is not None and (group.step is None or group.step > other.step):
            last[key] = group
    yield from last.values()


def _label(alpha: float, members: Sequence[Configuration]) -> LabelResult:
    claim = members[0].claim
    fails, holds = _at_least(members, alpha)
    measured = [group for group in members if group.gain is not None]
    gains = [group.gain for group in measured if group.gain is not None]
    spread = (
        stats.random_effects([gain.estimate for gain in gains], [gain.standard_error**2 for gain in gains])
        if len(gains) > 1
        else None
    )
    tau2 = _between(measured) if len(measured) > 1 else None
    return LabelResult(
        label=claim.label,
        metric=str(claim.metric),
        kind=claim.kind,
        configurations=len(members),
        fails=fails,
        holds=holds,
        recurrent=fails >= 2,
        not_universal=holds >= 1,
        statement=_statement(claim, len(members), fails, holds, alpha),
        mean=spread.mean if spread else None,
        tau2=spread.tau2 if spread and tau2 is None else tau2,
        i2=spread.i2 if spread else None,
        prediction=spread.prediction if spread else None,
        settings=_settings(members),
        against=claim.against,
        scale=claim.scale,
    )


def _between(groups: Sequence[Configuration]) -> float | None:
    """Variance of the true gain between configurations that answered the same prompts; None where they did not.

    From prompts x configurations: what prompts have in common is left out, which a variance between gains would hold.
    """
    columns = [np.mean([cell.differences for cell in group.cells], axis=0) for group in groups]
    weights = groups[0].cells[0].weights
    alike = len({group.claim.reference.name for group in groups}) == 1
    if not alike or len({len(column) for column in columns}) > 1 or len(weights) < 2:
        return None
    return stats.RecipeGain(np.column_stack(columns), weights.astype(np.float64)).components.var_seed


def _at_least(members: Sequence[Configuration], alpha: float) -> tuple[int, int]:
    """Configurations that fail and that hold, at least; one that was not measured or is inert counts as neither."""
    return at_least(
        [
            p_values(group.claim, None if group.within_noise else group.gain, group.alpha, group.at_extreme)
            for group in members
        ],
        alpha,
    )


def _statement(claim: Claim, total: int, fails: int, holds: int, alpha: float) -> str:
    failing = f"it fails in at least {fails}" if fails else "it is not shown to fail in any"
    holding = f"holds in at least {holds}" if holds else "is not shown to hold in any"
    confidence = f"{100 * (1 - alpha):g} % confidence"
    statement = (
        f"Label {claim.label!r} ({claim.kind} {claim.metric}{_where(claim)}), "
        f"{total} {'configuration' if total == 1 else 'configurations'} (a recipe on a base): {failing} and {holding}, "
        f"{f'with {confidence} in each number' if fails or holds else f'at {confidence}'} "
        f"(fails: {FAILS[claim.kind]}; holds: {HOLDS[claim.kind]})."
    )
    if not fails:
        return statement
    recurrent = "recurrent" if fails >= 2 else "not shown to be recurrent"
    universal = "is not universal" if holds else "may be universal"
    return f"{statement} The failure is {recurrent} (in 2 configurations or more) and {universal} (in all)."


def _where(claim: Claim) -> str:
    scale = "" if claim.scale is None else f" at scale {claim.scale:g}"
    return f"{scale} against {claim.against}" if claim.against else scale


def _settings(members: Sequence[Configuration]) -> tuple[SettingResult, ...]:
    """Gains by each value of each setting that takes more than one value among the configurations."""
    found: dict[str, dict[str, list[tuple[float, stats.Verdict]]]] = defaultdict(lambda: defaultdict(list))
    for group in members:
        if group.gain is None:
            continue
        word = stats.judge(group.gain, group.claim.kind, group.claim.margin, group.alpha).verdict
        named = {"base": group.claim.subject.base, **group.adapters[0].settings}
        for setting, value in named.items():
            found[setting][str(value)].append((group.gain.estimate, word))
    return tuple(
        _setting(setting, value, *zip(*entries, strict=True))
        for setting, values in found.items()
        if len(values) > 1
        for value, entries in values.items()
    )


def _setting(
    setting: str, value: str, gains: Sequence[float], words: Sequence[stats.Verdict]
) -> SettingResult:
    return SettingResult(
        setting=setting,
        value=value,
        configurations=len(gains),
        mean=float(np.mean(gains)),
        low=min(gains),
        high=max(gains),
        above=sum(word.rises for word in words),
        below=words.count(stats.Verdict.HARMED),
    )
