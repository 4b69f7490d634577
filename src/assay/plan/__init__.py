"""A study resolved: the frozen types that every room may name. It knows no file, no task's code and no engine."""

from assay.plan.settings import Decoding, EngineSettings, JudgeSettings, Policy, StopRule

__all__ = ["Decoding", "EngineSettings", "JudgeSettings", "Policy", "StopRule"]
