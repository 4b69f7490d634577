"""The gate: a policy applied to verdicts, for pipelines.

The default policy passes an adapter whose claims are all `confirmed`, `gain` or `kept`, and for whose
off-target cells a harm of the margin is excluded. It fails one with a claim that is `harmed`,
`no gain`, `trivial` or `not applied`, or with an off-target harm of the margin shown. Anything else
is undecided. Drift never decides alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from assay.report.words import interval, points, verdict_words
from assay.verdicts import Cell, ClaimResult, Result

__all__ = ["AdapterGate", "Gate", "apply_gate"]

Outcome = Literal["pass", "fail", "undecided"]

PASSING = {"confirmed", "gain", "kept"}
FAILING = {"harmed", "no gain", "trivial", "not applied"}
EXIT_CODES: dict[Outcome, int] = {"pass": 0, "fail": 1, "undecided": 2}


@dataclass(frozen=True, slots=True)
class AdapterGate:
    """What the gate says of one adapter."""

    adapter: str
    outcome: Outcome
    reasons: tuple[str, ...]
    """Each rule that keeps it from passing; empty when it passes."""


@dataclass(frozen=True, slots=True)
class Gate:
    """What the gate says of a study: the worst outcome of its adapters, fail before undecided."""

    outcome: Outcome
    adapters: tuple[AdapterGate, ...]

    @property
    def exit_code(self) -> int:
        """0 pass, 1 fail, 2 undecided."""
        return EXIT_CODES[self.outcome]


def apply_gate(result: Result) -> Gate:
    """Apply the default policy to every adapter that has a claim."""
    names = list(dict.fromkeys(claim.adapter for claim in result.claims))
    adapters = tuple(
        _adapter(
            name,
            [claim for claim in result.claims if claim.adapter == name],
            [cell for cell in result.cells if cell.adapter == name and cell.kind == "exploratory"],
        )
        for name in names
    )
    return Gate(_worst(adapter.outcome for adapter in adapters), adapters)


def _worst(outcomes: Iterable[Outcome]) -> Outcome:
    found = set(outcomes)
    if "fail" in found:
        return "fail"
    return "undecided" if "undecided" in found or not found else "pass"


def _adapter(name: str, claims: Iterable[ClaimResult], cells: Iterable[Cell]) -> AdapterGate:
    rules = [*map(_claim, claims), *map(_cell, cells)]
    return AdapterGate(
        name,
        _worst(outcome for outcome, _ in rules),
        tuple(reason for outcome, reason in rules if outcome != "pass"),
    )


def _claim(claim: ClaimResult) -> tuple[Outcome, str]:
    outcome: Outcome = "undecided"
    if claim.verdict in PASSING:
        outcome = "pass"
    elif claim.verdict in FAILING:
        outcome = "fail"
    evidence = claim.reason or f"gain {points(claim.gain)} {interval(claim.interval)} points"
    return outcome, f"{claim.metric} ({claim.kind}): {verdict_words(claim)}: {evidence}"


def _cell(cell: Cell) -> tuple[Outcome, str]:
    if cell.interval is None:
        return "undecided", f"{cell.metric} (off-target): not measured: {cell.reason}"
    evidence = f"gain {points(cell.gain)} {interval(cell.interval)} points, margin {points(cell.margin)}"
    if cell.harm_excluded:
        return "pass", ""
    if cell.interval[1] <= -cell.margin:
        return "fail", f"{cell.metric} (off-target): harmed by the margin or more: {evidence}"
    return "undecided", f"{cell.metric} (off-target): harm of the margin is not excluded: {evidence}"
