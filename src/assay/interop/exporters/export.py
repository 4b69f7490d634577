"""Writes a run in the format of another tool, by the format's name. It knows no format itself.

export_run("runs/mine", "lm-eval", "exported").files
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from assay.errors import AssayError
from assay.evidence import write_evidence
from assay.files import write_text
from assay.interop.exporters.card import to_card
from assay.interop.exporters.eval_results import to_eval_results
from assay.interop.exporters.every_eval_ever import export_every_eval_ever
from assay.interop.exporters.finished import Finished
from assay.interop.exporters.lm_eval import export_samples
from assay.interop.exporters.responses import export_parquet, export_responses
from assay.interop.exporters.trackers import log_run
from assay.runs import Run

__all__ = ["FORMATS", "TRACKERS", "Export", "export_run"]

_T = TypeVar("_T")
TRACKERS = ("mlflow", "wandb", "trackio")
FORMATS = (
    "responses",
    "parquet",
    "lm-eval",
    "every-eval-ever",
    "card",
    "eval-results",
    "evidence",
    *TRACKERS,
)


@dataclass(frozen=True, slots=True)
class Export:
    """What an export wrote."""

    form: str
    out: Path | None = None
    """The file or folder; None where it went to standard output or to a tracker."""
    files: tuple[Path, ...] | None = None
    """In the folder; None where it is none."""
    responses: int | None = None
    """How many it holds; None for a card, evaluation results and trackers."""
    left_out: tuple[str, ...] = ()
    """`subject on task`, where the format cannot hold the task or nothing is scored."""
    place: str = ""
    """Where a tracker keeps it."""
    runs: tuple[str, ...] = ()
    """Names of a tracker's runs."""


def export_run(
    folder: Path | str,
    form: str = "responses",
    out: Path | str | None = None,
    *,
    subject: str | None = None,
    datasets: Mapping[str, str] | None = None,
    project: str | None = None,
) -> Export:
    """Write a run's responses or findings in the format `form`, to `out` or to standard output.

    subject: the adapter of a card, of evaluation results or of evidence. datasets: places of tasks on the hub, for evaluation
    results. project: a tracker's. Raises AssayError where the run is not complete or the format does not fit.
    """
    folder, out = Path(folder), None if out is None else Path(out)
    if form not in FORMATS:
        raise AssayError("unknown", place=f"--format {form}", fix=f"choose one of {', '.join(FORMATS)}")
    if form == "responses":
        with Run.open(folder) as run:
            run.check_generated()
            return Export(form, out, responses=export_responses(run.plan, run.records, out))
    if form in TRACKERS:
        if out is not None:
            raise AssayError(
                f"--format {form} writes where {form}'s own variables say", fix="leave --out away"
            )
        place, names = _of(folder, lambda run: log_run(run, form, project))
        return Export(form, place=place, runs=tuple(names))
    if form in ("card", "eval-results"):
        _write(_of(folder, lambda run: _text(run, form, subject, datasets or {})), out)
        return Export(form, out)
    if out is None:
        what = "FILE" if form == "parquet" else "FOLDER"
        raise AssayError(f"--format {form} is not for standard output", fix=f"give --out {what}")
    if form == "parquet":
        return Export(form, out, responses=_of(folder, lambda run: export_parquet(run, out)))
    if form == "evidence":
        files = _of(folder, lambda run: write_evidence(run.run, run.result, out, subject))
        return Export(form, out, files)
    write = export_samples if form == "lm-eval" else export_every_eval_ever
    done = _of(folder, lambda run: write(run, out))
    return Export(form, out, done.files, done.responses, done.left_out)


def _text(run: Finished, form: str, subject: str | None, datasets: Mapping[str, str]) -> str:
    return to_card(run, subject) if form == "card" else to_eval_results(run, datasets, subject)


def _write(text: str, out: Path | None) -> None:
    if out is None:
        sys.stdout.write(text)
    else:
        write_text(out, text)


def _of(folder: Path, write: Callable[[Finished], _T]) -> _T:
    with Run.open(folder) as run:
        run.check_analyzed()
        return write(Finished(run, run.analyze()))
