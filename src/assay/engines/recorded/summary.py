"""Reads aggregate scores: a CSV with a column `subject` and a column for each metric."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from assay.errors import ResponsesError
from assay.rows import read_csv

__all__ = ["read_summary"]

_NUMBER = re.compile(r"[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]{1,3})?|[0-9]+\.")


def read_summary(
    path: Path, subjects: Collection[str], metrics: Collection[str]
) -> dict[str, dict[str, float]]:
    """{subject: {metric: score}}; an empty field is a score that is not known.

    Raises ResponsesError for an unknown column or subject, a subject that is missing or occurs twice,
    and anything that is not a number from 0 to 1.
    """
    scores: dict[str, dict[str, float]] = {}
    for line, row in read_csv(path, ResponsesError):
        place = f"{path}:{line}"
        _check_columns(path, row, metrics)
        subject = row.pop("subject") or ""
        if subject not in subjects:
            raise ResponsesError(
                f"{subject!r} is not a base or adapter of the study ({', '.join(subjects)})", place=place
            )
        if subject in scores:
            raise ResponsesError(f"{subject!r} occurs twice", place=place, fix="keep one row a subject")
        scores[subject] = {
            name: _number(f"{place}: {name}", value) for name, value in row.items() if value and value.strip()
        }
    if missing := [subject for subject in subjects if subject not in scores]:
        raise ResponsesError(
            f"no row for {', '.join(missing)}", place=path, fix="every base and adapter needs one"
        )
    return scores


def _check_columns(path: Path, columns: Collection[str], metrics: Collection[str]) -> None:
    if "subject" not in columns:
        raise ResponsesError(f"no column `subject` (found: {', '.join(columns)})", place=f"{path}:1")
    if unknown := [name for name in columns if name not in ("subject", *metrics)]:
        raise ResponsesError(
            f"column {unknown[0][:60]!r} is not a metric of the study's tasks",
            place=f"{path}:1",
            fix=f"choose from {', '.join(metrics)}",
        )


def _number(place: str, text: str) -> float:
    value = float(text) if _NUMBER.fullmatch(text.strip()) else -1.0
    if not 0 <= value <= 1:
        raise ResponsesError(
            f"{text!r} is not a score from 0 to 1", place=place, fix="write a fraction, or leave it empty"
        )
    return value
