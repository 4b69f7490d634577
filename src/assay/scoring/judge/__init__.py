"""A judge: a model behind an OpenAI-compatible server that says what no rule can decide. It knows no verdict.

    judge: {model: some-model-2025-06-01, url: "http://localhost:8000", key_env: JUDGE_KEY}     # in a study

Its answers are kept in the run's records, with the question and who answered. The same question is never asked
twice, so a run can be scored again without the judge. Where its answers say nothing, twice, the subject is not
measured on that task, with the reason: nothing counts as failed because a judge gave no verdict.

    client -> one question, asked
    step   -> between asking and scoring: answers for the responses of a task
"""

from assay.scoring.judge.client import identity, ready
from assay.scoring.judge.step import JudgeContext, missing_judgements, with_judge_answers

__all__ = ["JudgeContext", "identity", "missing_judgements", "ready", "with_judge_answers"]
