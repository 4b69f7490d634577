"""Runs: a study resolved into a plan, and the plan under way or done.

resolve  -> the plan of a study, and what it asks for      run     -> a plan's folder, records and events
generate -> brings in the responses                        interim -> when a run may stop
check    -> the study of one adapter on the default suite  outline -> a study as far as it can be resolved here
"""

from assay.runs.run import Run

__all__ = ["Run"]
