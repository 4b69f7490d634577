"""A plan is data: it survives JSON, and its claim block changes with what is claimed and with nothing else."""

from __future__ import annotations

import json
from dataclasses import replace

from assay.plan import Plan, claim_block, family_alphas


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
    first, *others = plan.claims
    at_step = replace(first, subject=replace(first.subject, step=3))
    assert claim_block(replace(plan, claims=(at_step, *others))) != block


def test_claims_of_a_family_share_its_alpha(plan: Plan) -> None:
    assert {claim.alpha for claim in plan.claims} == {0.025}
    assert family_alphas(["a", "a", "b"], 0.06, "adapter") == [0.03, 0.03, 0.06]
    assert family_alphas(["a", "a", "b"], 0.06, "study") == [0.02, 0.02, 0.02]
