"""The gate: a policy applied to verdicts, for pipelines.

An adapter passes if the policy passes the verdicts of all its claims, a fall of the tolerated size is excluded on
every off-target metric, and the interval of its drift is within the budget, where the policy has one. It fails if the
policy fails one of its verdicts, if a fall of that size is shown (by the margin or more, or on six prompts that differ
at least), or if the interval of its drift is over budget. Anything else is undecided, and so is a claim within the
engine's noise, or a missing gain where the base is at a floor or ceiling. Drift is tested in addition to the verdicts,
never instead of them. Control adapters are not gated. The gate knows no response.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from assay.plan import Policy
from assay.report.text.numbers import interval, points, unit_interval, units
from assay.report.text.verdicts import against_words
from assay.stats import Verdict
from assay.stats.verdict import Tone
from assay.verdicts import Cell, ClaimResult, DriftResult, Result

__all__ = ["AdapterGate", "Gate", "Outcome", "Rule", "apply_gate"]

FEWEST = 6
"""Prompts that differ, for a fall smaller than the margin to fail an adapter."""


class Outcome(StrEnum):
    """Outcome of a rule, an adapter or a study. Each is equal to its word."""

    FAIL = "fail"
    UNDECIDED = "undecided"
    PASS = "pass"  # noqa: S105

    @property
    def tone(self) -> Tone:
        """Its colour, as for a verdict."""
        tones: dict[Outcome, Tone] = {Outcome.PASS: "good", Outcome.FAIL: "bad", Outcome.UNDECIDED: "open"}
        return tones[self]


@dataclass(frozen=True, slots=True)
class Rule:
    """One condition of the policy on an adapter."""

    name: str
    outcome: Outcome
    evidence: str


@dataclass(frozen=True, slots=True)
class AdapterGate:
    """The gate's outcome for one adapter."""

    adapter: str
    outcome: Outcome
    rules: tuple[Rule, ...]

    @property
    def reasons(self) -> tuple[str, ...]:
        """A sentence for each rule that keeps it from passing; empty when it passes."""
        return tuple(f"{rule.name}: {rule.evidence}" for rule in self.rules if rule.outcome != Outcome.PASS)


@dataclass(frozen=True, slots=True)
class Gate:
    """The gate's outcome for a study: the worst outcome of its adapters, fail before undecided."""

    outcome: Outcome
    adapters: tuple[AdapterGate, ...]

    @property
    def exit_code(self) -> int:
        """0 pass, 1 fail, 2 undecided."""
        return {Outcome.PASS: 0, Outcome.FAIL: 1, Outcome.UNDECIDED: 2}[self.outcome]


def apply_gate(result: Result, policy: Policy | None = None) -> Gate:
    """Apply a policy, the default one unless given, to every adapter that has a claim."""
    policy = policy or Policy()
    names = dict.fromkeys(claim.adapter for claim in result.claims if claim.control is None)
    adapters = tuple(_adapter(name, list(_rules(name, result, policy))) for name in names)
    return Gate(_worst(adapter.outcome for adapter in adapters), adapters)


def _adapter(name: str, rules: list[Rule]) -> AdapterGate:
    return AdapterGate(name, _worst(rule.outcome for rule in rules), tuple(rules))


def _worst(outcomes: Iterable[Outcome]) -> Outcome:
    """Fail before undecided before pass; undecided where there is nothing to pass."""
    present = set(outcomes)
    return next((outcome for outcome in Outcome if outcome in present), Outcome.UNDECIDED)


def _rules(name: str, result: Result, policy: Policy) -> Iterator[Rule]:
    yield from (_claim(claim, policy) for claim in result.claims if claim.adapter == name)
    for cell in result.cells:
        if cell.adapter == name and cell.kind == "exploratory":
            yield _harm(cell, cell.margin if policy.tolerated_harm is None else policy.tolerated_harm)
    if policy.drift_budget is not None:
        gaps = [drift for drift in result.drift if drift.adapter == name and drift.variant == "gap"]
        yield from (_drift(drift, policy.drift_budget) for drift in gaps)
        if not gaps:
            yield Rule(
                "drift (gap)",
                Outcome.UNDECIDED,
                "not measured: no other capability was measured, or no gain is claimed",
            )


def _claim(claim: ClaimResult, policy: Policy) -> Rule:
    outcome = Outcome.UNDECIDED
    open_ = claim.within_noise or (claim.extreme and claim.verdict in (Verdict.NO_GAIN, Verdict.TRIVIAL))
    if not open_ and claim.verdict in policy.passing:
        outcome = Outcome.PASS
    elif not open_ and claim.verdict in policy.failing:
        outcome = Outcome.FAIL
    evidence = claim.reason or f"gain {points(claim.gain)} {interval(claim.interval, claim.margin)} points"
    name = f"{claim.metric} ({_named(claim.kind, claim)})"
    return Rule(name, outcome, f"{claim.words}: {evidence}")


def _named(what: str, entry: ClaimResult | Cell | DriftResult) -> str:
    """With what it is compared with, where that is not the base."""
    return ", ".join(filter(None, (what, against_words(entry))))


def _harm(cell: Cell, tolerated: float) -> Rule:
    name = f"{cell.metric} ({_named('off-target', cell)})"
    if tolerated >= 1:
        return Rule(name, Outcome.PASS, "any harm is tolerated")
    if cell.interval is None:
        return Rule(name, Outcome.UNDECIDED, f"not measured: {cell.reason}")
    low, high = cell.interval
    evidence = (
        f"gain {points(cell.gain)} {interval(cell.interval, tolerated)} points, {100 * tolerated:g} tolerated"
    )
    if 0 <= max(low + tolerated, -tolerated - high) <= cell.noise and cell.noise:
        within = (
            f"within the engine's noise, which may push a gain by {100 * cell.noise:.1f} points: {evidence}"
        )
        return Rule(name, Outcome.UNDECIDED, within)
    if low > -tolerated:
        return Rule(name, Outcome.PASS, f"no harm beyond what is tolerated: {evidence}")
    if high <= -tolerated and _counts(cell, high):
        return Rule(name, Outcome.FAIL, f"harmed beyond what is tolerated: {evidence}")
    return Rule(name, Outcome.UNDECIDED, f"harm beyond what is tolerated is not excluded: {evidence}")


def _counts(cell: Cell, high: float) -> bool:
    """Whether a fall fails the adapter: by the margin or more, or where enough prompts differ."""
    differ = None if cell.better is None else cell.better + (cell.worse or 0)
    return high <= -cell.margin or differ is None or differ >= FEWEST


def _drift(drift: DriftResult, budget: float) -> Rule:
    name = f"drift from {drift.target} ({_named('gap', drift)})"
    if drift.interval is None:
        return Rule(
            name, Outcome.UNDECIDED, f"{units(drift.value)} without an interval, budget {units(budget)}"
        )
    low, high = drift.interval
    evidence = f"{units(drift.value)} {unit_interval(drift.interval)}, budget {units(budget)}"
    if high <= budget - drift.noise:
        return Rule(name, Outcome.PASS, evidence)
    if low > budget + drift.noise:
        return Rule(name, Outcome.FAIL, evidence)
    if high <= budget or low > budget:
        evidence = f"within the engine's noise, which may push it by {units(drift.noise)}: {evidence}"
    return Rule(name, Outcome.UNDECIDED, evidence)
