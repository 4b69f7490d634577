"""What a registry says as a whole: each adapter has its own claim at its own error rate, and this line is beside them.

It knows no database.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assay.stats import holm_count

__all__ = ["ALPHA", "Line", "line"]

ALPHA = 0.05
"""The error rate of each number of the line."""


@dataclass(frozen=True, slots=True)
class Line:
    """Lower bounds over every current claim of a registry."""

    claims: int
    """Current claims, without those of controls."""
    fails: int
    """At least so many fail, with confidence 1 - ALPHA."""
    holds: int
    """At least so many hold, with the same confidence."""

    @property
    def sentence(self) -> str:
        """For a reader."""
        claims = f"{self.claims:,} current {'claim' if self.claims == 1 else 'claims'}"
        sure = f"with {100 * (1 - ALPHA):g} % confidence in each number over the whole registry (Holm)"
        fails = f"{self.fails:,} {'fails' if self.fails == 1 else 'fail'}"
        holds = f"{self.holds:,} {'holds' if self.holds == 1 else 'hold'}"
        return f"Of {claims}, at least {fails} and at least {holds}, {sure}."


def line(p_fails: Sequence[float], p_holds: Sequence[float]) -> Line:
    """Of the p-values of each current claim: that it fails, and that it holds."""
    fails, holds = (holm_count(list(values), ALPHA) if values else 0 for values in (p_fails, p_holds))
    return Line(len(p_fails), fails, holds)
