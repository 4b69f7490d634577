"""Whether a verdict's word and figures fit each other. It knows no run: it reads the finding alone."""

from __future__ import annotations

import math
from collections.abc import Iterator

from assay.stats import Verdict, word_of_interval
from assay.verdicts import ClaimResult

__all__ = ["contradictions"]

UNTESTED = (Verdict.NOT_APPLIED, Verdict.NOT_MEASURED)
ROUNDING = 1e-9


def contradictions(finding: ClaimResult, alpha: float) -> Iterator[str]:
    """What in a finding does not follow from its own figures. alpha: one-sided, of its claim."""
    if finding.interval is None or finding.gain is None or finding.level is None:
        if finding.verdict not in UNTESTED:
            yield f"the verdict is {finding.verdict}, and there is no gain with an interval"
        return
    low, high = finding.interval
    word = word_of_interval(finding.kind, finding.margin, low, high)
    if finding.verdict != word:
        yield f"the verdict is {finding.verdict}, and the interval [{low:.4f}, {high:.4f}] with margin {finding.margin:g} says {word}"
    if not low - ROUNDING <= finding.gain <= high + ROUNDING:
        yield f"the gain {finding.gain:.4f} is outside its interval [{low:.4f}, {high:.4f}]"
    if finding.score is not None and finding.base_score is not None:
        difference = finding.score - finding.base_score
        if finding.stop is None and not math.isclose(finding.gain, difference, abs_tol=ROUNDING):
            yield f"the gain is {finding.gain:.4f}, and the scores differ by {difference:.4f}"
    if not math.isclose(finding.level, 1 - 2 * alpha, abs_tol=ROUNDING):
        yield f"the interval's confidence is {finding.level:g}, and alpha {alpha:g} gives {1 - 2 * alpha:g}"
    if finding.material != (word is Verdict.HARMED and high < -finding.margin):
        yield f"`material` is {str(finding.material).lower()}, and the interval says otherwise"
    if (
        finding.better is not None
        and finding.worse is not None
        and finding.n is not None
        and finding.better + finding.worse > finding.n
    ):
        yield f"{finding.better} better and {finding.worse} worse prompts are more than {finding.n}"
