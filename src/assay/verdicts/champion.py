"""Each adapter against the policy's champion, paired on the same prompts. It knows no rule of the gate."""

from __future__ import annotations

from dataclasses import replace

from assay.plan import Plan
from assay.verdicts.claims import describe
from assay.verdicts.pair import Pairs
from assay.verdicts.result import Cell

__all__ = ["regressions"]


def regressions(plan: Plan, pairs: Pairs) -> tuple[Cell, ...]:
    """One for each challenger and each of its metrics, with the budget as its margin; empty without a champion."""
    champion, budget = plan.champion, plan.policy.regression_budget
    if champion is None:
        return ()
    return tuple(
        replace(
            describe(
                plan,
                adapter,
                (adapter.name, None if champion.name == adapter.base else champion.name, metric),
                "regression",
                pairs,
                budget,
            ),
            against=champion.name,
        )
        for adapter, metric in plan.regressions()
    )
