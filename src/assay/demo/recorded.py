"""A small audit that ships with assay: recorded responses of a base, two trained adapters and one that changes nothing.

    result = run_recorded("runs/recorded")     # seconds, without torch

`example/study.yaml` says how the responses were made. Nothing is trained or generated, and no outcome is written down.
"""

from __future__ import annotations

from pathlib import Path

from assay.audit import run
from assay.progress import Progress, silent
from assay.study import load_study
from assay.verdicts import Result

__all__ = ["EXAMPLE", "run_recorded"]

EXAMPLE = Path(__file__).parent / "example"


def run_recorded(out: Path | str, progress: Progress = silent) -> Result:
    """Audit the recorded responses, and write records and reports to the folder `out`."""
    return run(load_study(EXAMPLE / "study.yaml"), out, progress)
