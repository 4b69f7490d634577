"""The version of the rules that choose words, and which words a new rule changed on the same records."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from assay.verdicts.result import Result

__all__ = ["RULE", "changed_words"]

RULE = 2
"""1: Tango's score tests, with McNemar's mid-p at small counts. 2: exact paired tests together with Tango's; weighted
metrics by a score with skewness; words that say nothing at a floor, a ceiling or within the engine's noise."""


def changed_words(before: Mapping[str, Any], after: Result) -> list[str]:
    """Warnings about claims whose word an older rule chose otherwise.

    before: `verdicts.json` as it was. Empty where the rule is the same; claims of another margin, level or number of
    prompts are not compared.
    """
    rule = before.get("rule", 1)
    if rule == after.rule:
        return []
    earlier = {
        (row["adapter"], row["metric"], row["kind"], row.get("against")): row
        for row in before.get("claims", ())
    }
    changed = [
        f"{claim.adapter} on {claim.metric}: {row['verdict']}, now {claim.verdict}"
        for claim in after.claims
        if (row := earlier.get((claim.adapter, claim.metric, claim.kind, claim.against)))
        and row["verdict"] != claim.verdict
        and (row["margin"], row["n"]) == (claim.margin, claim.n)
        and math.isclose(row.get("level") or 0.0, claim.level or 0.0)
    ]
    which = f"these words changed: {'; '.join(changed)}" if changed else "no word changed"
    return [f"this run was decided by rule {rule} before, and is now by rule {after.rule}: {which}"]
