"""What a claim's words would be with one difference between two runs undone. It knows no reason of a difference.

A claim is judged again from the scores of both runs, by the rules of this assay: with the margin of the other run, on the
prompts that both share, with the responses of the other run, and so on.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, NamedTuple

import numpy as np

from assay.comparison.evidence import ADAPTER, REFERENCE, ClaimEvidence
from assay.records import Scores
from assay.verdicts.claims import judge_claim
from assay.verdicts.noise import lost_in_noise
from assay.verdicts.pair import PairedScores

__all__ = ["Judged", "Swap", "judged"]

Swap = Literal[
    "prompts",
    "verifier",
    "reference responses",
    "adapter responses",
    "responses",
    "looks",
    "noise limit",
    "margin",
    "alpha",
    "family",
]
"""What is taken from the other run."""
SWAPPED = {
    "reference responses": (REFERENCE,),
    "adapter responses": (ADAPTER,),
    "responses": (REFERENCE, ADAPTER),
}


class Judged(NamedTuple):
    """A claim judged again."""

    words: str
    gain: float
    n: int
    """Number of prompts."""


def judged(mine: ClaimEvidence, other: ClaimEvidence, swap: Swap | None = None) -> Judged | None:
    """A run's claim, with one thing from another run; None where the runs do not hold what that needs."""
    cell = _cell(mine, other, swap)
    if cell is None:
        return None
    margin = (other if swap == "margin" else mine).entry.margin
    total = (other if swap == "alpha" else mine).run.result.alpha
    claim = mine.claim(margin, total / (other if swap == "family" else mine).claims)
    limit = (other if swap == "noise limit" else mine).limit
    result = judge_claim(claim, cell, claim.alpha, claim.alpha, pool=False)
    result = replace(result, within_noise=lost_in_noise(claim, cell, result, limit))
    return Judged(result.words, cell.gain.estimate, cell.gain.n)


def _cell(mine: ClaimEvidence, other: ClaimEvidence, swap: Swap | None) -> PairedScores | None:
    verifies = other if swap == "verifier" else mine
    sides, positions = (REFERENCE, ADAPTER), mine.used
    if swap == "prompts" or swap in SWAPPED:
        shared = other.used_contents
        positions = [position for position in positions if mine.contents[position] in shared]
        if swap == "prompts" and positions == mine.used:
            return None  # the other run's prompts are more than these, and this run has no responses to those
    looks = mine.entry.stop is not None and positions == mine.used
    if swap == "looks":
        if other.entry.stop is not None:
            return None
        looks = False
    elif mine.entry.stop is not None and not looks:
        return None  # the design of the looks holds for the prompts in their own order
    scored: list[Scores] = []
    for side in sides:
        source = other if side in SWAPPED.get(swap or "", ()) else mine
        scores = source.scores(side, verifies)
        rows = None if scores is None else _rows(scores, mine, source, positions)
        if rows is None:
            return None
        scored.append(rows)
    return mine.cell(scored, verifies.plan.metrics, looks) if positions else None


def _rows(scores: Scores, mine: ClaimEvidence, source: ClaimEvidence, positions: list[int]) -> Scores | None:
    """A run's scores of my examples at these positions; None where one is missing."""
    rows = {int(position): row for row, position in enumerate(scores.positions)}
    if source is mine:
        chosen = [rows.get(position) for position in positions]
    else:
        chosen = [rows.get(source.positions.get(mine.contents[position], -1)) for position in positions]
    kept = [row for row in chosen if row is not None]
    if len(kept) < len(chosen):
        return None
    return Scores(scores.passed[kept], scores.out_of[kept], np.array(positions, dtype=np.int64))
