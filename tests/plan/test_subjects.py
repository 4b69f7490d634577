"""Subjects, claims and the names of metrics."""

from __future__ import annotations

import pytest

from assay.plan import MetricName, Plan


def test_a_claim_carries_its_subject_and_reference(plan: Plan) -> None:
    claim = plan.claims[0]
    assert (claim.subject.name, claim.reference.name, claim.reference.is_base) == ("a", "base", True)
    assert [part.adapter for part in claim.subject.parts] == ["a"]
    assert plan.claims_of("b") == plan.claims[2:]


@pytest.mark.parametrize("text", ["math.numeric_match", "v1.2.numeric_match"])
def test_the_name_of_a_metric_survives_its_text(text: str) -> None:
    assert str(MetricName.parse(text)) == text
    assert MetricName.parse(text).name == "numeric_match"
