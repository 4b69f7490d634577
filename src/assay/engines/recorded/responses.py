"""Recorded responses as rows, and assay's own format, in which a row has `response`, and `key` or `prompt`.

It knows no task."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.errors import AssayError, ResponsesError
from assay.rows import Fields, read_rows

__all__ = ["Row", "read_responses"]

RowReader = Callable[[Path, type[AssayError]], Iterator[tuple[int, dict[str, Any]]]]


@dataclass(frozen=True, slots=True)
class Row:
    """One recorded response, from whatever format."""

    line: int
    text: str | None
    key: str | None = None
    prompt: str | None = None
    """The example's prompt, if the file gives it."""
    sent: str | None = None
    """The prompt as sent, template applied, where the format tells."""
    sample: int = 0
    limits: str = ""
    """Generation arguments as the format gives them: part of the protocol."""
    skip: int = 0
    """Characters at the start of `text` that are not judged."""
    turn: int = 0
    """Of a conversation, from 0."""

    @property
    def scored_text(self) -> str:
        """What verifiers see; empty where there is no text."""
        return (self.text or "")[self.skip :]


def read_responses(path: Path, read: RowReader = read_rows) -> Iterator[Row]:
    """Rows of assay's own form: `response` (text or null), and `key` or `prompt`, and `sample` and `turn`; other fields are ignored.

    `turn` counts from 1, as metrics do; `sample` from 0.
    """
    for line, row in read(path, ResponsesError):
        yield _response(line, Fields(row, f"{path}:{line}", ResponsesError))


def _response(line: int, row: Fields) -> Row:
    """A response from the fields of its row."""
    if "response" not in row.values:
        raise ResponsesError(
            f"no `response` field (found: {', '.join(name[:40] for name in list(row.values)[:6])})",
            place=row.place,
            fix="this looks like an lm-eval log, set `format: lm-eval`" if "resps" in row.values else "",
        )
    key, prompt = row.key("key"), row.optional("prompt")
    if key is None and prompt is None:
        raise ResponsesError(
            "neither `key` nor `prompt`, so the example it answers is unknown", place=row.place
        )
    turn = max(row.count("turn"), 1) - 1
    return Row(line, row.optional("response"), key, prompt, sample=row.count("sample"), turn=turn)
