"""Text beside a verdict; the words and their meanings are those of `assay.stats.Verdict`. It decides nothing."""

from __future__ import annotations

from assay.report.text.numbers import interval
from assay.verdicts import Result
from assay.verdicts.result import Cell, ClaimResult, DriftResult, LabelResult, Pool, RecipeResult, Stop

__all__ = [
    "STOPPED",
    "against_words",
    "harm_words",
    "matrix_statement",
    "needed_words",
    "pool_words",
    "stop_words",
]

STOPPED = (
    "This run tested its claims before the last prompt, and stopped for an adapter when more prompts could not, or very "
    "probably would not, change its verdicts. Intervals and p-values are adjusted for these interim looks. The gain at an "
    "early stop is on average further from 0 than the true gain."
)
"""Shown where a run may have stopped early."""
OWN_PROMPTS = (
    "A base's score here is over all prompts that it answered. An adapter that stopped early is compared with its base on "
    "the prompts that the adapter answered, so a gain can differ from the difference of the scores shown."
)


def against_words(entry: ClaimResult | Cell | RecipeResult | LabelResult | DriftResult) -> str:
    """`against helper-v1`; empty where a gain is taken against the base."""
    return f"against {entry.against}" if entry.against else ""


def stop_words(stop: Stop | None) -> str:
    """Where generation stopped: `stopped early, 96 of 541 prompts`; empty where no look was taken before the end."""
    if stop is None or (not stop.early and len(stop.looks) == 1):
        return ""
    if stop.early:
        return f"stopped early, {stop.n:,} of {stop.pool:,} prompts"
    return f"all {stop.pool:,} prompts, after {len(stop.looks)} looks"


def pool_words(pool: Pool, stop: Stop) -> str:
    """What the full list would print, apart from the verdict: `for this list of 541 prompts only: ...`."""
    return f"for this list of {stop.pool:,} prompts only: {pool.word}, {interval(pool.interval)}"


def needed_words(prompts: int | None) -> str:
    """`about 1,200 prompts would decide`; empty where that is not known."""
    return f"about {prompts:,} prompts would decide" if prompts else ""


def harm_words(excluded: bool | None) -> str:
    """Whether a harm of the margin is excluded; a dash where that is not known."""
    return "-" if excluded is None else "excluded" if excluded else "not excluded"


def matrix_statement(result: Result) -> str:
    """The note to the matrix where adapters stopped early; empty where none did."""
    return OWN_PROMPTS if any(claim.stop and claim.stop.early for claim in result.claims) else ""
