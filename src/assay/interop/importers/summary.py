"""Reads aggregate scores: a CSV with a column `subject` and a column for each metric."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Collection
from pathlib import Path

from assay.errors import ResponsesError
from assay.files import read_text

__all__ = ["read_summary"]

_NUMBER = re.compile(r"[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]{1,3})?|[0-9]+\.")


def read_summary(
    path: Path, subjects: Collection[str], metrics: Collection[str]
) -> dict[str, dict[str, float]]:
    """{subject: {metric: score}}; an empty field is a score that is not known.

    Raises ResponsesError for an unknown column or subject, a subject that is missing or stands twice,
    and anything that is not a number from 0 to 1.
    """
    reader = csv.DictReader(io.StringIO(read_text(path, ResponsesError), newline=""))
    try:
        return _scores(path, reader, subjects, metrics)
    except csv.Error as bad:
        raise ResponsesError(f"{path}:{reader.line_num}: not CSV: {bad}") from None


def _scores(
    path: Path, reader: csv.DictReader[str], subjects: Collection[str], metrics: Collection[str]
) -> dict[str, dict[str, float]]:
    columns = list(reader.fieldnames or ())
    if twice := [name for name, count in Counter(columns).items() if count > 1]:
        raise ResponsesError(f"{path}:1: column {twice[0]!r} stands twice; keep one")
    if "subject" not in columns:
        raise ResponsesError(f"{path}:1: no column `subject` (found: {', '.join(columns) or 'nothing'})")
    if unknown := [name for name in columns if name != "subject" and name not in metrics]:
        raise ResponsesError(
            f"{path}:1: column {unknown[0]!r} is no metric of the study's tasks; choose from {', '.join(metrics)}"
        )
    scores: dict[str, dict[str, float]] = {}
    for row in reader:
        place = f"{path}:{reader.line_num}"
        subject = row["subject"]
        if None in row or None in row.values():
            raise ResponsesError(f"{place}: {len(columns)} fields are expected, as in the first line")
        if subject not in subjects:
            raise ResponsesError(
                f"{place}: {subject!r} is no base or adapter of the study ({', '.join(subjects)})"
            )
        if subject in scores:
            raise ResponsesError(f"{place}: {subject!r} stands twice; keep one row a subject")
        scores[subject] = {
            name: _number(f"{place}: {name}", value)
            for name, value in row.items()
            if name != "subject" and value.strip()
        }
    if missing := [subject for subject in subjects if subject not in scores]:
        raise ResponsesError(f"{path}: no row for {', '.join(missing)}; every base and adapter needs one")
    return scores


def _number(place: str, text: str) -> float:
    value = float(text) if _NUMBER.fullmatch(text.strip()) else -1.0
    if not 0 <= value <= 1:
        raise ResponsesError(
            f"{place}: {text!r} is not a score from 0 to 1; write a fraction, or leave it empty"
        )
    return value
