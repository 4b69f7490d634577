"""The assumptions of a forecast, declared or estimated from a pilot, since nothing is measured yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from assay.errors import AssayError

__all__ = ["DISCORDANCES", "SEED_SD", "Guesses"]

DISCORDANCES = (0.1, 0.2, 0.3)
"""Shares of prompts on which adapter and base differ, from similar to very different."""
SEED_SD = 0.03
"""Spread of the true gain between seeds of one recipe: three points by default."""


@dataclass(frozen=True, slots=True)
class Guesses:
    """How much adapters differ from their bases, and seeds from each other."""

    discordances: tuple[float, ...] = DISCORDANCES
    """Shares of prompts on which adapter and base differ, on metrics for which nothing else is known."""
    seed_sd: float | None = None
    """Declared spread of the true gain between seeds of one recipe; None where none was declared."""
    pilot_sd: float = 0.0
    """A pilot's spread, of the metric where it is largest. Its few seeds may raise the assumption, never lower it."""
    of_metric: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """By metric, a pilot's shares: the least, the mean and the largest of its adapters."""

    def __post_init__(self) -> None:
        """Raise AssayError for a value that is not a share, or not a spread."""
        if not self.discordances:
            raise AssayError("a plan needs at least one discordance", fix="give one, as 0.15")
        for share in (*self.discordances, *(value for shares in self.of_metric.values() for value in shares)):
            if not 0 < share <= 1:
                raise AssayError(
                    "is a share of prompts",
                    place=f"discordance {share:g}",
                    fix="write one above 0 and at most 1, as 0.15",
                )
        if self.seed_sd is not None and not 0 <= self.seed_sd < 1:
            raise AssayError(
                "is a spread of gains",
                place=f"seed sd {self.seed_sd:g}",
                fix="write a fraction of 1, as 0.03 for three points",
            )

    @property
    def between_seeds(self) -> float:
        """The spread to plan with."""
        return max(SEED_SD, self.pilot_sd) if self.seed_sd is None else self.seed_sd

    def of(self, metric: str) -> tuple[float, ...]:
        """The shares for a metric, rising."""
        return tuple(sorted(set(self.of_metric.get(metric, self.discordances))))

    def middle(self, metric: str) -> float:
        """The share for a metric where only one is used; the larger of the middle two."""
        shares = self.of(metric)
        return shares[len(shares) // 2]
