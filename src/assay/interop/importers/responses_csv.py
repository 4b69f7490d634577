"""Reads responses from CSV: columns `response`, `key` or `prompt` or both, and `sample`."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from assay.engines import Row
from assay.errors import ResponsesError
from assay.files import read_text

__all__ = ["read_csv"]

COLUMNS = ("key", "prompt", "sample", "response")
LONGEST = 16 * 2**20
"""Characters of one field; the csv module stops at 131,072."""


def read_csv(path: Path) -> Iterator[Row]:
    """Rows of a CSV file in UTF-8, the first line naming the columns. Raises ResponsesError."""
    yield from (_row(path, line, row) for line, row in _lines(path))


def _lines(path: Path) -> list[tuple[int, dict[str, str]]]:
    """Every line with its number: read at one go, as the limit that is raised meanwhile is the whole process's."""
    reader = csv.DictReader(io.StringIO(read_text(path, ResponsesError), newline=""), strict=True)
    before = csv.field_size_limit(LONGEST)
    try:
        _check_columns(path, list(reader.fieldnames or ()))
        return [(reader.line_num, row) for row in reader]
    except csv.Error as bad:
        raise ResponsesError(f"{path}:{reader.line_num}: not CSV: {bad}; the file may be cut off") from None
    finally:
        csv.field_size_limit(before)


def _check_columns(path: Path, columns: list[str]) -> None:
    if twice := [name for name, count in Counter(columns).items() if count > 1]:
        raise ResponsesError(f"{path}:1: column {twice[0]!r} stands twice; keep one")
    if unknown := [name for name in columns if name not in COLUMNS]:
        raise ResponsesError(
            f"{path}:1: unknown column {unknown[0]!r}; remove it (known: {', '.join(COLUMNS)})"
        )
    if "response" not in columns or not {"key", "prompt"} & set(columns):
        raise ResponsesError(
            f"{path}:1: columns `response` and `key` or `prompt` are needed (found: {', '.join(columns) or 'nothing'})"
        )


def _row(path: Path, line: int, row: dict[str, str]) -> Row:
    place = f"{path}:{line}"
    if None in row or None in row.values():
        raise ResponsesError(
            f"{place}: another number of fields than in the first line; the file may be cut off"
        )
    key, prompt, sample = row.get("key") or None, row.get("prompt") or None, row.get("sample") or "0"
    if key is None and prompt is None:
        raise ResponsesError(f"{place}: neither `key` nor `prompt`, so the example it answers is unknown")
    if not (sample.isascii() and sample.isdigit() and len(sample) < 7):
        raise ResponsesError(f"{place}: `sample` must be 0, 1, ..., found {sample[:20]!r}")
    return Row(line, row["response"], key, prompt, sample=int(sample))
