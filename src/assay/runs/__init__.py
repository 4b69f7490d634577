"""Runs: a study entered into a folder, and what of it is there.

folder -> the state of a run's folder      check -> the study of one adapter on the default suite
"""

from assay.runs.folder import Opened, check_folder, enter, opened, policy_digest, study_of

__all__ = ["Opened", "check_folder", "enter", "opened", "policy_digest", "study_of"]
