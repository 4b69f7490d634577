"""FollowBench's own figures, from which prompts were satisfied: HSR and SSR by level, and CSL.

A group counts as far as its levels are satisfied without a gap, so single responses have no CSL.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from assay.tasks.followbench.data import LEVELS

__all__ = ["Outcome", "Rates", "rates"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was found of one response."""

    group: str
    level: int
    """1 to 5."""
    hard: bool
    """All constraints are satisfied."""
    soft: float
    """Share of them that is; 0 or 1 where a rule decides."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Over the groups that it was made from."""

    groups: int
    hard: tuple[float, ...]
    """Hard satisfaction rate (HSR) of each level."""
    soft: tuple[float, ...]
    """Soft satisfaction rate (SSR) of each level."""
    consistent: float
    """Consistent satisfaction levels (CSL), 0 to 5."""


def rates(outcomes: Iterable[Outcome]) -> Rates:
    """The rates of whole groups. Raises ValueError where a group lacks a level, has one twice, or there is none."""
    groups: dict[str, dict[int, Outcome]] = defaultdict(dict)
    for outcome in outcomes:
        if outcome.level in groups[outcome.group]:
            raise ValueError(f"group {outcome.group} has level {outcome.level} twice")
        groups[outcome.group][outcome.level] = outcome
    for name, levels in groups.items():
        if set(levels) != set(LEVELS):
            raise ValueError(f"group {name} has levels {sorted(levels)}, of 1 to 5")
    if not groups:
        raise ValueError("no groups")
    count = len(groups)
    return Rates(
        groups=count,
        hard=tuple(sum(levels[level].hard for levels in groups.values()) / count for level in LEVELS),
        soft=tuple(sum(levels[level].soft for levels in groups.values()) / count for level in LEVELS),
        consistent=sum(_unbroken(levels) for levels in groups.values()) / count,
    )


def _unbroken(levels: dict[int, Outcome]) -> int:
    return next((level - 1 for level in LEVELS if not levels[level].hard), len(LEVELS))
