"""A resolved study as frozen types that every package may use. It knows no file, no task's code and no engine."""

from assay.plan.plan import Family, Plan, TaskPlan, claim_block, family_alphas
from assay.plan.settings import Decoding, EngineSettings, JudgeSettings, Policy, StopRule
from assay.plan.subjects import (
    Claim,
    ClaimKind,
    Metric,
    MetricName,
    Part,
    Problem,
    RowKey,
    Subject,
    step_words,
)

__all__ = [
    "Claim",
    "ClaimKind",
    "Decoding",
    "EngineSettings",
    "Family",
    "JudgeSettings",
    "Metric",
    "MetricName",
    "Part",
    "Plan",
    "Policy",
    "Problem",
    "RowKey",
    "StopRule",
    "Subject",
    "TaskPlan",
    "claim_block",
    "family_alphas",
    "step_words",
]
