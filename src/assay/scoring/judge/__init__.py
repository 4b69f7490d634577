"""A judge: a model behind an OpenAI-compatible server that decides what no rule can. It knows no verdict.

    judge: {model: some-model-2025-06-01, url: "http://localhost:8000", key_env: JUDGE_KEY}     # in a study

Its answers are kept in the run's records, with the question and the model that answered. The same question is never
asked twice, so a run can be scored again without the judge. Where two answers cannot be parsed, the subject is not
measured on that task, with the reason: no response counts as failed because the judge gave no usable answer.

    client -> sends one question
    step   -> obtains the judge's answers for the responses of a task, before they are scored
"""

from assay.scoring.judge.client import identity, ready
from assay.scoring.judge.step import JudgeContext, missing_judgements, with_judge_answers

__all__ = ["JudgeContext", "identity", "missing_judgements", "ready", "with_judge_answers"]
