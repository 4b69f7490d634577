"""What a judge was asked and what it answered, a line each in `judged.jsonl`. It knows no task.

Questions are known by content: judge and question by their digests. A later line replaces an earlier one of the
same question. A last line that was cut off, by a crash, is dropped.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self, TextIO

from assay.errors import OutputError, RunError
from assay.records import digest
from assay.rows import read_rows

__all__ = ["FILE", "Entry", "Ledger"]

FILE = "judged.jsonl"


@dataclass(frozen=True, slots=True)
class Entry:
    """One question to a judge."""

    judge: Mapping[str, Any]
    """Its identity."""
    question: str
    """As asked."""
    answers: tuple[str, ...]
    """Raw; a second one where the first could not be read."""
    refused: str = ""
    """Why there is none."""
    model: str = ""
    """Who answered, by the server's own word."""
    at: str = ""
    """When, UTC, ISO 8601; filled in where it is kept."""

    @property
    def answer(self) -> str | None:
        """The last one."""
        return self.answers[-1] if self.answers else None


class Ledger:
    """The questions of one run. Made by `Ledger.open`; one process at a time."""

    def __init__(self, path: Path, entries: dict[str, Entry], file: TextIO) -> None:
        self._path = path
        self._entries = entries
        self._file = file

    @classmethod
    @contextmanager
    def open(cls, folder: Path) -> Iterator[Self]:
        """The ledger in a run's folder, made if there is none.

        Raises RunError for a file that holds something else, and OutputError where it cannot be written.
        """
        path = folder / FILE
        try:
            path.touch()
            _mend(path)
            entries = _read(path)
            with path.open("a", encoding="utf-8", newline="\n") as file:
                yield cls(path, entries, file)
        except OSError as bad:
            raise OutputError(f"{path}: cannot be written: {bad.strerror}; what it holds is safe") from None

    def get(self, judge: Mapping[str, Any], question: str) -> Entry | None:
        """What this judge was found to say to a question; None where it was never asked."""
        return self._entries.get(_key(judge, question))

    def add(self, entry: Entry) -> None:
        """Keep an entry; it is on its way to the disk when this returns."""
        at = entry.at or datetime.now(UTC).isoformat(timespec="seconds")
        row = asdict(entry) | {"at": at, "question_sha256": _sha256(entry.question)}
        self._file.write(json.dumps(row, ensure_ascii=False) + "\n")
        self._file.flush()
        self._entries[_key(entry.judge, entry.question)] = entry


def _key(judge: Mapping[str, Any], question: str) -> str:
    return f"{digest(judge)} {_sha256(question)}"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _mend(path: Path) -> None:
    """Drop what follows the last line break."""
    with path.open("rb+") as file:
        content = file.read()
        if content and not content.endswith(b"\n"):
            file.truncate(content.rfind(b"\n") + 1)


def _read(path: Path) -> dict[str, Entry]:
    entries: dict[str, Entry] = {}
    for line, row in read_rows(path, RunError):
        judge, question, answers = (row.get(name) for name in ("judge", "question", "answers"))
        told = {name: row.get(name, "") for name in ("refused", "model", "at")}
        texts = [question, *told.values(), *(answers if isinstance(answers, list) else [None])]
        if not isinstance(judge, dict) or not all(isinstance(text, str) for text in texts):
            raise RunError(f"{path}:{line}: no question to a judge with its answers; move the file away")
        entry = Entry(judge, str(question), tuple(answers or ()), **told)
        entries[_key(entry.judge, entry.question)] = entry
    return entries
