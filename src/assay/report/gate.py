"""The gate: a policy applied to verdicts, for pipelines.

An adapter passes if the policy passes the verdicts of all its claims, a fall of the tolerated size is excluded on
every off-target metric, and the interval of its drift is within the budget, where the policy has one. It fails if the
policy fails one of its verdicts, if a fall of that size is shown (by the margin or more, or on six prompts that differ
at least), if the interval of its drift is over budget, or if a required task is missing or its result is stale,
or if it is shown to fall behind the champion by the budget. Anything else is undecided,
and so is a claim within the engine's noise, or a missing gain where the base is at a floor or ceiling. Drift is tested
in addition to the verdicts, never instead of them. Rules on advisory tasks are shown, and change no outcome. Control
adapters are not gated. The gate knows no response; `assay.report.gate_rules` has each rule.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from assay.plan import Policy
from assay.report.gate_champion import champion_rules
from assay.report.gate_expiry import expiry_rules
from assay.report.gate_rules import Outcome, Rule, rules_of, with_tier
from assay.verdicts import Result

__all__ = ["AdapterGate", "Gate", "Outcome", "Rule", "apply_gate"]

UNJUDGED = "every claim of this adapter is on an advisory task: its label is not judged"


@dataclass(frozen=True, slots=True)
class AdapterGate:
    """The gate's outcome for one adapter: the worst outcome of the rules that count."""

    adapter: str
    outcome: Outcome
    rules: tuple[Rule, ...]
    champion: bool = False
    """It is the policy's champion: its outcome is shown and is no part of the study's."""

    @property
    def reasons(self) -> tuple[str, ...]:
        """A sentence for each rule that keeps it from passing; empty when it passes."""
        return tuple(rule.sentence for rule in self.rules if rule.counts and rule.outcome != Outcome.PASS)

    @property
    def advice(self) -> tuple[str, ...]:
        """A sentence for each rule on an advisory task that does not pass, and where no claim counts."""
        rules = [rule for rule in self.rules if not rule.counts and rule.outcome != Outcome.PASS]
        judged = any(rule.counts for rule in self.rules if rule.kind == "claim")
        return (*(rule.sentence for rule in rules), *(() if judged else (UNJUDGED,)))


@dataclass(frozen=True, slots=True)
class Gate:
    """The gate's outcome for a study: the worst outcome of its adapters, fail before undecided; the champion's does not count."""

    outcome: Outcome
    adapters: tuple[AdapterGate, ...]

    @property
    def exit_code(self) -> int:
        """0 pass, 1 fail, 2 undecided."""
        return {Outcome.PASS: 0, Outcome.FAIL: 1, Outcome.UNDECIDED: 2}[self.outcome]


def apply_gate(result: Result, policy: Policy | None = None, now: datetime | None = None) -> Gate:
    """Apply a policy, the default one unless given, to every adapter that has a claim.

    result: analyzed under this policy, where it lets results expire or names a champion. now: with its time zone; the present by default.
    """
    policy = policy or Policy()
    now = now or datetime.now(UTC)
    names = dict.fromkeys(claim.adapter for claim in result.claims if claim.control is None)
    adapters = tuple(_adapter(name, result, policy, now) for name in names)
    return Gate(_worst(adapter.outcome for adapter in adapters if not adapter.champion), adapters)


def _adapter(name: str, result: Result, policy: Policy, now: datetime) -> AdapterGate:
    found = [*rules_of(name, result, policy), *champion_rules(name, result, policy)]
    found += expiry_rules(name, result, policy, [rule.task for rule in found if rule.task], now)
    rules = tuple(with_tier(rule, policy) for rule in found)
    outcome = _worst(rule.outcome for rule in rules if rule.counts)
    return AdapterGate(name, outcome, rules, champion=name == policy.champion)


def _worst(outcomes: Iterable[Outcome]) -> Outcome:
    """Fail before undecided before pass; undecided where there is nothing to pass."""
    present = set(outcomes)
    return next((outcome for outcome in Outcome if outcome in present), Outcome.UNDECIDED)
