"""A claim judged with one thing from another run says what a run with that one difference would say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from assay.comparison.counterfactuals import Swap, judged
from assay.comparison.evidence import ClaimEvidence
from assay.runs.decided import open_decided, reading


@pytest.fixture
def evidence(pair: tuple[Path, Path]) -> Iterator[tuple[ClaimEvidence, ClaimEvidence]]:
    with reading(pair[0]) as left, reading(pair[1]) as right:
        whole, part = (
            ClaimEvidence(run, store, run.result.claims[0])
            for run, store in zip(map(open_decided, pair), (left, right), strict=True)
        )
        yield whole, part


def test_a_run_judged_on_its_own_evidence_says_what_it_said(
    evidence: tuple[ClaimEvidence, ClaimEvidence],
) -> None:
    for mine, other in (evidence, evidence[::-1]):
        found = judged(mine, other)
        assert found is not None
        assert (found.words, found.gain, found.n) == (mine.entry.words, mine.entry.gain, mine.entry.n)


@pytest.mark.parametrize(
    ("swap", "n"),
    [
        ("prompts", 40),
        ("margin", 400),
        ("reference responses", 40),
        ("adapter responses", 40),
        ("looks", 400),
    ],
)
def test_each_exchange_uses_the_prompts_that_it_can(
    evidence: tuple[ClaimEvidence, ClaimEvidence], swap: Swap, n: int
) -> None:
    found = judged(*evidence, swap)
    assert found is not None
    assert found.n == n


def test_the_margin_alone_and_the_prompts_alone(evidence: tuple[ClaimEvidence, ClaimEvidence]) -> None:
    margin, prompts = (judged(*evidence, swap) for swap in ("margin", "prompts"))
    assert margin is not None
    assert prompts is not None
    assert (margin.words, margin.gain) == ("trivial", 0.125)
    assert prompts.gain == evidence[1].entry.gain == 1.0


def test_prompts_that_a_run_has_no_responses_to_cannot_be_exchanged(
    evidence: tuple[ClaimEvidence, ClaimEvidence],
) -> None:
    whole, part = evidence
    assert judged(part, whole, "prompts") is None
