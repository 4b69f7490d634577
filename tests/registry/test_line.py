"""The line over a registry: Holm's counts of the claims that fail, and of those that hold."""

from __future__ import annotations

from assay.registry.line import line


def test_counts_are_corrected_for_every_current_claim() -> None:
    made = line([1.0] * 99 + [0.0006], [0.0004] + [0.04] * 99)
    assert (made.claims, made.fails, made.holds) == (100, 0, 1)
    assert made.sentence == (
        "Of 100 current claims, at least 0 fail and at least 1 holds, with 95 % confidence in each number over the whole "
        "registry (Holm)."
    )


def test_an_empty_registry_says_nothing() -> None:
    made = line([], [])
    assert (made.claims, made.fails, made.holds) == (0, 0, 0)
