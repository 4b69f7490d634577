"""The gate's rules on regression: an adapter must not fall behind the policy's champion by the budget or more.

It reads the comparisons of a result that was analyzed under the policy, and computes none. A comparison that was not
made never passes: a champion that the run does not have fails the adapter.
"""

from __future__ import annotations

from collections.abc import Iterator

from assay.plan import Policy
from assay.report.gate_rules import Outcome, Rule, harm_found, task_of
from assay.verdicts import Cell, Result

__all__ = ["champion_rules"]

_WORDS = {
    Outcome.PASS: "within the budget",
    Outcome.FAIL: "over the budget",
    Outcome.UNDECIDED: "a fall beyond the budget is not excluded",
}


def champion_rules(name: str, result: Result, policy: Policy) -> Iterator[Rule]:
    """One for each metric on which the adapter is compared with the champion; none for the champion itself."""
    champion = policy.champion
    if champion is None or champion == name:
        return
    found = [cell for cell in result.regressions if cell.adapter == name and cell.against == champion]
    yield from (_rule(cell, policy.regression_budget or cell.margin) for cell in found)
    if not found:
        yield _not_compared(champion, [row.subject for row in result.matrix.rows])


def _not_compared(champion: str, subjects: list[str]) -> Rule:
    called = f"champion {champion}"
    if champion in subjects:
        evidence, needs = "not compared: analyzed under another policy", "an analysis under this policy"
        return Rule(called, Outcome.UNDECIDED, evidence, "champion", needs=needs)
    evidence = f"absent: this run has no subject of that name, only {', '.join(subjects)}"
    return Rule(called, Outcome.FAIL, evidence, "champion", needs=f"{champion!r} in the study")


def _rule(cell: Cell, budget: float) -> Rule:
    outcome, special, figures = harm_found(cell, budget)
    better = cell.interval is not None and cell.interval[0] > cell.noise
    word = "better" if outcome is Outcome.PASS and better else _WORDS[outcome]
    evidence = f"{special or word}: {figures}"
    needs = f"a fall of {100 * budget:g} points or more against {cell.against} excluded"
    if outcome is Outcome.PASS:
        needs = ""
    elif cell.interval is None:
        needs = f"a run of the study with `champion: {cell.against}` in its `gate`"
    called = f"{cell.metric} (regression, against {cell.against})"
    return Rule(called, outcome, evidence, "champion", task_of(cell.metric), needs=needs)
