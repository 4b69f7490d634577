"""The evidence of a claim, by example."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from assay.comparison.evidence import ADAPTER, REFERENCE, ClaimEvidence
from assay.runs.decided import open_decided, reading


@pytest.fixture
def both(pair: tuple[Path, Path]) -> Iterator[tuple[ClaimEvidence, ClaimEvidence]]:
    with reading(pair[0]) as left, reading(pair[1]) as right:
        runs = [open_decided(run) for run in pair]
        yield (
            ClaimEvidence(runs[0], left, runs[0].result.claims[0]),
            ClaimEvidence(runs[1], right, runs[1].result.claims[0]),
        )


def test_examples_are_known_by_their_content(both: tuple[ClaimEvidence, ClaimEvidence]) -> None:
    whole, part = both
    assert (len(whole.used), len(part.used)) == (400, 40)
    assert part.used_contents < whole.used_contents
    assert whole.contents[:40] == part.contents


def test_responses_come_with_the_prompt_that_was_sent(both: tuple[ClaimEvidence, ClaimEvidence]) -> None:
    whole, _ = both
    first = whole.contents[0]
    assert whole.responses(REFERENCE)[first] == ((0, "question 0", "#### 2", None),)
    assert whole.responses(ADAPTER)[first] == ((0, "question 0", "#### 1", None),)


def test_the_settings_of_a_claim(both: tuple[ClaimEvidence, ClaimEvidence]) -> None:
    whole, _ = both
    assert (whole.claims, whole.limit, whole.design, whole.recorded(ADAPTER)) == (1, 0.0, "", True)
    assert whole.claim(0.1, 0.01).margin == 0.1
    assert whole.names == ("base", "a")


def test_scores_are_computed_where_a_run_has_none(both: tuple[ClaimEvidence, ClaimEvidence]) -> None:
    whole, _ = both
    kept = whole.scores(ADAPTER, whole)
    assert kept is not None
    assert whole.verifier is not None
    computed = whole.verified(ADAPTER, whole.verifier)
    assert computed is not None
    assert (kept.passed == computed.passed).all()
    assert (kept.positions == computed.positions).all()
