"""A judge's answers in a run's records: each question once, by the content of judge and question.

It asks no judge. A run of an older layout kept these in a file of its own, `judged.jsonl`; `take_ledger` imports it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assay.errors import RunError
from assay.files import read_text
from assay.records.bindings import digest
from assay.records.database import stored

__all__ = ["LEDGER", "Judgement", "Judgements", "take_ledger"]

LEDGER = "judged.jsonl"


@dataclass(frozen=True, slots=True)
class Judgement:
    """One question to a judge, and its answers."""

    judge: Mapping[str, Any]
    """Its identity, JSON: model and settings."""
    question: str
    """As sent."""
    answers: tuple[str, ...]
    """Raw; a second one where the first could not be parsed."""
    refused: str = ""
    """Why there is no answer."""
    model: str = ""
    """The model that answered, as the server named it."""
    at: str = ""
    """UTC, ISO 8601; filled in when it is stored."""

    @property
    def answer(self) -> str | None:
        """The last one."""
        return self.answers[-1] if self.answers else None


class Judgements:
    """The judgements of one run; a later one replaces an earlier one of the same question."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def __iter__(self) -> Iterator[Judgement]:
        """Every judgement."""
        for judge, question, answers, *others in self._db.execute(
            "SELECT judge, question, answers, refused, model, answered_at FROM judgements ORDER BY answered_at, digest"
        ):
            yield Judgement(stored(judge), question, tuple(stored(answers)), *others)

    def get(self, judge: Mapping[str, Any], question: str) -> Judgement | None:
        """This judge's answer to a question; None where it was never asked."""
        row = self._db.execute(
            "SELECT answers, refused, model, answered_at FROM judgements WHERE digest = ?",
            (digest([judge, question]),),
        ).fetchone()
        return None if row is None else Judgement(judge, question, tuple(stored(row[0])), *row[1:])

    def add(self, judgement: Judgement) -> None:
        """Store a judgement; it has been handed to the disk when this returns."""
        self._db.execute("INSERT OR REPLACE INTO judgements VALUES (?, ?, ?, ?, ?, ?, ?)", _row(judgement))


def take_ledger(connection: sqlite3.Connection, folder: Path) -> None:
    """Move an older run's answers of a judge from their file into its records. Raises RunError.

    A last line that was cut off, by a crash, is dropped.
    """
    path = folder / LEDGER
    if not path.is_file():
        return
    rows = [_row(judgement) for judgement in _read(path)]
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany("INSERT OR REPLACE INTO judgements VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    connection.execute("COMMIT")
    path.unlink()


def _row(judgement: Judgement) -> tuple[str, ...]:
    at = judgement.at or datetime.now(UTC).isoformat(timespec="seconds")
    return (
        digest([judgement.judge, judgement.question]),
        json.dumps(judgement.judge, sort_keys=True, ensure_ascii=False),
        judgement.question,
        json.dumps(judgement.answers, ensure_ascii=False),
        judgement.refused,
        judgement.model,
        at,
    )


def _read(path: Path) -> Iterator[Judgement]:
    for line, text in enumerate(read_text(path, RunError).split("\n")[:-1], 1):
        try:
            row = json.loads(text)
            judge, question, answers = row["judge"], row["question"], row["answers"]
            others = [row.get(name, "") for name in ("refused", "model", "at")]
            texts = [question, *others, *answers]
        except (ValueError, KeyError, TypeError, AttributeError):
            judge, texts = None, []
        if not isinstance(judge, dict) or not all(isinstance(part, str) for part in texts):
            raise RunError(
                "no question to a judge with its answers", place=f"{path}:{line}", fix="move the file away"
            )
        yield Judgement(judge, question, tuple(answers), *others)
