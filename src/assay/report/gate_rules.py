"""The rules of a gate's policy on one adapter: each with what was found, and what would satisfy it.

The gate knows no response; it reads a result. `assay.report.gate` folds the rules into outcomes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

from assay.plan import MetricName, Policy
from assay.report.text.numbers import interval, points, unit_interval, units
from assay.report.text.verdicts import against_words
from assay.stats import Verdict
from assay.stats.verdict import Tone
from assay.verdicts import Cell, ClaimResult, DriftResult, Result

__all__ = [
    "Outcome",
    "Rule",
    "RuleKind",
    "Tier",
    "entries_of",
    "harm_found",
    "rules_of",
    "task_of",
    "with_tier",
]

FEWEST = 6
"""Prompts that differ, for a fall smaller than the margin to fail an adapter."""
RuleKind = Literal["claim", "harm", "drift", "task", "expiry", "champion"]
Tier = Literal["required", "standard", "advisory"]


class Outcome(StrEnum):
    """Outcome of a rule, an adapter or a study. Each is equal to its word."""

    FAIL = "fail"
    UNDECIDED = "undecided"
    PASS = "pass"  # noqa: S105 - an outcome

    @property
    def tone(self) -> Tone:
        """Its colour, as for a verdict."""
        tones: dict[Outcome, Tone] = {Outcome.PASS: "good", Outcome.FAIL: "bad", Outcome.UNDECIDED: "open"}
        return tones[self]


@dataclass(frozen=True, slots=True)
class Rule:
    """One condition of the policy on an adapter."""

    name: str
    """What it is about, for a reader."""
    outcome: Outcome
    """Of this rule alone."""
    evidence: str
    """What was found."""
    kind: RuleKind = "claim"
    """Which part of the policy it comes from."""
    task: str | None = None
    """The task that decides its tier; null where no single one does."""
    tier: Tier = "standard"
    """`required`: its task must be measured; `advisory`: it is shown and changes no outcome; `standard`: neither."""
    needs: str = ""
    """What would satisfy it; empty where it passes."""

    @property
    def counts(self) -> bool:
        """Whether it changes the outcome of its adapter."""
        return self.tier != "advisory"

    @property
    def sentence(self) -> str:
        """Its name, what was found, and what would satisfy it."""
        return f"{self.name}: {self.evidence}" + (f"; to pass: {self.needs}" if self.needs else "")


_HARM = {
    Outcome.PASS: "no harm beyond what is tolerated",
    Outcome.FAIL: "harmed beyond what is tolerated",
    Outcome.UNDECIDED: "harm beyond what is tolerated is not excluded",
}
_REACHABLE = {
    "gains": (Verdict.CONFIRMED, Verdict.GAIN, Verdict.TRIVIAL, Verdict.NO_GAIN, Verdict.HARMED),
    "keeps": (Verdict.KEPT, Verdict.HARMED),
}
"""Verdicts that evidence can give, by kind of claim."""


def rules_of(name: str, result: Result, policy: Policy) -> Iterator[Rule]:
    """The rules on the tasks and verdicts of one adapter."""
    yield from _task_rules(name, result, policy)
    yield from _verdict_rules(name, result, policy)


def with_tier(rule: Rule, policy: Policy) -> Rule:
    """The rule under the tier that the policy gives to its task."""
    if rule.task in policy.advisory:
        return replace(rule, tier="advisory")
    return replace(rule, tier="required") if rule.task in policy.required else rule


def entries_of(name: str, result: Result) -> tuple[ClaimResult | Cell, ...]:
    """The claims of an adapter, then its other cells, the primary metric of a task first."""
    entries: list[ClaimResult | Cell] = [*result.claims, *result.cells]
    return tuple(entry for entry in entries if entry.adapter == name)


def task_of(metric: str) -> str:
    """The task of a metric."""
    return MetricName.parse(metric).task


def _task_rules(name: str, result: Result, policy: Policy) -> Iterator[Rule]:
    """That each required task was measured; and harm on it, where no claim and no off-target cell judges it."""
    for task in dict.fromkeys(policy.required):
        entries = [entry for entry in entries_of(name, result) if task_of(entry.metric) == task]
        yield _measured(name, task, entries, result)
        judged = any(isinstance(entry, ClaimResult) or entry.kind == "exploratory" for entry in entries)
        primary = next((entry for entry in entries if isinstance(entry, Cell)), None)
        if primary is not None and primary.score is not None and not judged:
            yield _harm(primary, _tolerated(primary, policy), "required")


def _measured(name: str, task: str, entries: Sequence[ClaimResult | Cell], result: Result) -> Rule:
    called, needs = f"{task} (required)", f"the responses of {name!r} and of its base to {task}"
    if any(entry.score is not None for entry in entries):
        return Rule(called, Outcome.PASS, "measured", "task", task)
    reason = next((entry.reason for entry in entries if entry.reason), None)
    if reason is None:
        tasks = dict.fromkeys(task_of(entry.metric) for entry in entries_of(name, result))
        reason = f"this run has no task of that name, only {', '.join(tasks)}"
    return Rule(called, Outcome.FAIL, f"missing: {reason}", "task", task, needs=needs)


def _verdict_rules(name: str, result: Result, policy: Policy) -> Iterator[Rule]:
    yield from (_claim(claim, policy) for claim in result.claims if claim.adapter == name)
    for cell in result.cells:
        if cell.adapter == name and cell.kind == "exploratory":
            yield _harm(cell, _tolerated(cell, policy))
    if policy.drift_budget is not None:
        yield from _drifts(name, result, policy.drift_budget)


def _claim(claim: ClaimResult, policy: Policy) -> Rule:
    outcome = Outcome.UNDECIDED
    if not claim.says_nothing and claim.verdict in policy.passing:
        outcome = Outcome.PASS
    elif not claim.says_nothing and claim.verdict in policy.failing:
        outcome = Outcome.FAIL
    evidence = claim.reason or f"gain {points(claim.gain)} {interval(claim.interval, claim.margin)} points"
    name = f"{claim.metric} ({_named(claim.kind, claim)})"
    needs = "" if outcome is Outcome.PASS else _claim_needs(claim, policy)
    return Rule(name, outcome, f"{claim.words}: {evidence}", "claim", task_of(claim.metric), needs=needs)


def _claim_needs(claim: ClaimResult, policy: Policy) -> str:
    """The verdicts that pass and that a claim of this kind can have, and what would decide an open one."""
    reachable = [word for word in policy.passing if word in _REACHABLE[claim.kind]]
    *others, last = reachable or policy.passing
    words = f"{', '.join(others)} or {last}" if others else f"{last}"
    if claim.within_noise:
        return f"{words}, beyond the engine's noise"
    if claim.examples_needed is not None:
        return f"{words}; about {claim.examples_needed:,} prompts would decide"
    return words


def _named(what: str, entry: ClaimResult | Cell | DriftResult) -> str:
    """With what it is compared with, where that is not the base."""
    return ", ".join(filter(None, (what, against_words(entry))))


def _tolerated(cell: Cell, policy: Policy) -> float:
    return cell.margin if policy.tolerated_harm is None else policy.tolerated_harm


def _harm(cell: Cell, tolerated: float, what: str = "off-target") -> Rule:
    outcome, special, figures = harm_found(cell, tolerated)
    evidence = ": ".join(filter(None, (special or _HARM[outcome], figures)))
    needs = "" if outcome is Outcome.PASS else f"a fall of {100 * tolerated:g} points or more excluded"
    return Rule(
        f"{cell.metric} ({_named(what, cell)})", outcome, evidence, "harm", task_of(cell.metric), needs=needs
    )


def harm_found(cell: Cell, tolerated: float) -> tuple[Outcome, str, str]:
    """(whether a fall of this size is excluded, or shown; why that says nothing, where it does; the figures)."""
    if tolerated >= 1:
        return Outcome.PASS, "any harm is tolerated", ""
    if cell.interval is None:
        return Outcome.UNDECIDED, "not measured", cell.reason or ""
    low, high = cell.interval
    figures = (
        f"gain {points(cell.gain)} {interval(cell.interval, tolerated)} points, {100 * tolerated:g} tolerated"
    )
    if 0 <= max(low + tolerated, -tolerated - high) <= cell.noise and cell.noise:
        by = f"{100 * cell.noise:.1f} points"
        return (
            Outcome.UNDECIDED,
            f"within the engine's noise, which may push a gain by {by}",
            figures,
        )
    if low > -tolerated:
        return Outcome.PASS, "", figures
    return (Outcome.FAIL if _shown(cell, tolerated, high) else Outcome.UNDECIDED), "", figures


def _shown(cell: Cell, tolerated: float, high: float) -> bool:
    """Whether a fall of this size fails the adapter: by the margin or more, or where enough prompts differ.

    An end that lies exactly on a value was moved there because the test does not reject it: it shows no fall of this size.
    Against a champion the margin is the budget, which may be small: there enough prompts must differ in any case.
    """
    differ = None if cell.better is None else cell.better + (cell.worse or 0)
    enough = differ is None or differ >= FEWEST
    if cell.kind == "regression":
        return high < -tolerated and enough
    return high < -tolerated and (high < -cell.margin or enough)


def _drifts(name: str, result: Result, budget: float) -> Iterator[Rule]:
    """A rule for the drift from each claimed gain, known or not."""
    gaps = [drift for drift in result.drift if drift.adapter == name and drift.variant == "gap"]
    yield from (_drift(drift, budget) for drift in gaps)
    known = {(drift.target, drift.against) for drift in gaps}
    claims = [claim for claim in result.claims if claim.adapter == name and claim.kind == "gains"]
    needs = "a claimed gain, and a task of another capability"
    if not gaps:
        evidence = "not measured: no other capability was measured, or no gain is claimed"
        yield Rule("drift (gap)", Outcome.UNDECIDED, evidence, "drift", needs=needs)
        return
    for claim in claims:
        if (claim.metric, claim.against) in known:
            continue
        called = f"drift from {claim.metric} ({_named('gap', claim)})"
        evidence = "not measured: the gain, or one of another capability, was not"
        yield Rule(called, Outcome.UNDECIDED, evidence, "drift", task_of(claim.metric), needs=needs)


def _drift(drift: DriftResult, budget: float) -> Rule:
    outcome, evidence = _drift_found(drift, budget)
    needs = "" if outcome is Outcome.PASS else f"a drift that is shown to be at most {units(budget)}"
    name = f"drift from {drift.target} ({_named('gap', drift)})"
    return Rule(name, outcome, evidence, "drift", task_of(drift.target), needs=needs)


def _drift_found(drift: DriftResult, budget: float) -> tuple[Outcome, str]:
    if drift.interval is None:
        return Outcome.UNDECIDED, f"{units(drift.value)} without an interval, budget {units(budget)}"
    low, high = drift.interval
    evidence = f"{units(drift.value)} {unit_interval(drift.interval)}, budget {units(budget)}"
    if high <= budget - drift.noise:
        return Outcome.PASS, evidence
    if low > budget + drift.noise:
        return Outcome.FAIL, evidence
    if high <= budget or low > budget:
        evidence = f"within the engine's noise, which may push it by {units(drift.noise)}: {evidence}"
    return Outcome.UNDECIDED, evidence
