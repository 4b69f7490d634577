"""Runs: a study resolved into a plan, and the plan under way or done. It knows no report and no command.

resolve  -> the plan of a study, with its workload         run     -> a plan's folder, records and events
generate -> obtains the responses                          interim -> when a run may stop
check    -> the study of one adapter on the default suite  outline -> a study as far as it can be resolved here
"""

from assay.runs.run import Run

__all__ = ["Run"]
