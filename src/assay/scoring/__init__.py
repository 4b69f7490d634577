"""From responses to scores: verifiers applied to records, to a file of responses, or with a judge's answers.

score  -> a task's verifier applied to the records of a run
file   -> the same for one file of responses, without a run
judge  -> a model behind a server, for what no rule can decide

It knows no statistic and no verdict.
"""

from assay.scoring.score import note_verifier, score_records, score_task

__all__ = ["note_verifier", "score_records", "score_task"]
