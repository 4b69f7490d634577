"""A plan is data: it survives JSON, and its claim block changes with what is claimed and with nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from assay.plan import MetricName, Plan, claim_block, family_alphas
from assay.runs.resolve import resolve
from tests.studies import one_task_study, table


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    base, adapter = table(6, 2, 40, 20)
    claims = {
        "numeric": ["math.numeric_match", {"metric": "math.format_match", "kind": "keeps", "margin": 0.1}]
    }
    study = one_task_study(tmp_path, base, {"a": adapter, "b": base}, claims=claims, stop="full")
    return resolve(study)


def test_a_plan_survives_json(plan: Plan) -> None:
    again = Plan.from_json(json.loads(json.dumps(plan.to_json())))
    assert again == plan
    assert again.work is None
    assert plan.work is not None


def test_the_claim_block_is_that_of_what_is_claimed(plan: Plan) -> None:
    block = claim_block(plan)
    assert [
        (entry["adapter"], entry["metric"], entry["kind"], entry["margin"]) for entry in block["claims"]
    ] == [
        ("a", "math.numeric_match", "gains", 0.05),
        ("a", "math.format_match", "keeps", 0.1),
        ("b", "math.numeric_match", "gains", 0.05),
        ("b", "math.format_match", "keeps", 0.1),
    ]
    assert claim_block(Plan.from_json(plan.to_json())) == block
    assert claim_block(replace(plan, warnings=("x",), study_text="")) == block
    assert claim_block(replace(plan, alpha=0.01)) != block


def test_claims_of_a_family_share_its_alpha(plan: Plan) -> None:
    assert {claim.alpha for claim in plan.claims} == {0.025}
    assert family_alphas(["a", "a", "b"], 0.06, "adapter") == [0.03, 0.03, 0.06]
    assert family_alphas(["a", "a", "b"], 0.06, "study") == [0.02, 0.02, 0.02]


def test_a_claim_carries_its_subject_and_reference(plan: Plan) -> None:
    claim = plan.claims[0]
    assert (claim.subject.name, claim.reference.name, claim.reference.is_base) == ("a", "base", True)
    assert [part.adapter for part in claim.subject.parts] == ["a"]
    assert plan.claims_of("b") == plan.claims[2:]


@pytest.mark.parametrize("text", ["math.numeric_match", "v1.2.numeric_match"])
def test_the_name_of_a_metric_survives_its_text(text: str) -> None:
    assert str(MetricName.parse(text)) == text
    assert MetricName.parse(text).name == "numeric_match"
