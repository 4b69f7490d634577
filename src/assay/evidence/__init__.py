"""Evidence: one JSON file for a verdict, with digests of everything that it rests on, and the check of such a file.

    files = write_evidence(run, result, Path("evidence"))             # a file for each claim of a complete run
    differences = verify(files[0], run=Path("runs/mine"))             # empty: nothing was altered

form -> the file      collect -> from a run      figures -> whether a word follows from its figures      verify -> the check
"""

from assay.evidence.collect import collect, write_evidence
from assay.evidence.form import Evidence, read_evidence
from assay.evidence.verify import Difference, verify

__all__ = ["Difference", "Evidence", "collect", "read_evidence", "verify", "write_evidence"]
