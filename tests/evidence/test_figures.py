"""A word that does not follow from its own figures is found; what an analysis writes follows from them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay import stats
from assay.evidence.figures import contradictions
from assay.stats import Verdict
from assay.verdicts import ClaimResult

ALPHA = 0.05


def finding(b: int, c: int, n: int, margin: float, kind: stats.ClaimKind) -> ClaimResult:
    gain = stats.PairedGain(b, c, n)
    judged = stats.judge(gain, kind, margin, ALPHA)
    return ClaimResult(
        adapter="a",
        base="base",
        label="numeric",
        metric="math.numeric_match",
        kind=kind,
        margin=margin,
        verdict=judged.verdict,
        material=judged.material,
        n=n,
        base_score=c / n,
        score=b / n,
        gain=gain.estimate,
        interval=(judged.low, judged.high),
        level=judged.level,
        better=b,
        worse=c,
    )


@given(
    st.integers(0, 60),
    st.integers(0, 60),
    st.integers(0, 200),
    st.sampled_from([0.02, 0.05, 0.2]),
    st.sampled_from(["gains", "keeps"]),
)
def test_whatever_is_judged_follows_from_its_figures(
    b: int, c: int, rest: int, margin: float, kind: stats.ClaimKind
) -> None:
    assert list(contradictions(finding(b, c, b + c + rest + 1, margin, kind), ALPHA)) == []


@pytest.mark.parametrize("word", [word for word in Verdict if word is not Verdict.CONFIRMED])
def test_any_other_word_does_not(word: Verdict) -> None:
    confirmed = finding(60, 5, 200, 0.05, "gains")
    assert confirmed.verdict is Verdict.CONFIRMED
    assert list(contradictions(replace(confirmed, verdict=word), ALPHA))


@pytest.mark.parametrize(
    "edit",
    [
        {"gain": 0.5},
        {"level": 0.95},
        {"material": True},
        {"interval": None},
        {"interval": (0.3, 0.4)},
        {"base_score": 0.0},
        {"better": 196},
    ],
)
def test_an_edited_figure_does_not_fit_the_others(edit: dict[str, object]) -> None:
    assert list(contradictions(replace(finding(60, 5, 200, 0.05, "gains"), **edit), ALPHA))  # type: ignore[arg-type]


def test_a_claim_that_was_not_measured_has_no_figures() -> None:
    unmeasured = replace(
        finding(60, 5, 200, 0.05, "gains"), verdict=Verdict.NOT_MEASURED, interval=None, gain=None, level=None
    )
    assert list(contradictions(unmeasured, ALPHA)) == []
