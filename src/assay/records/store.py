"""The records of one run, in SQLite: responses by subject, protocol and example, and their scores.

It knows no metric and no statistic. Appending is idempotent and each batch is one transaction, so a
run that is killed loses at most the batch in flight. One process writes at a time; others may read.

    with Store.write(Path("runs/qwen3")) as store:
        store.append(completions)
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np

from assay.engines import Completion, Partial
from assay.errors import OutputError, RunError
from assay.plan import RowKey
from assay.records.bindings import digest
from assay.records.database import connect, connect_to_read, explained, keep_log, sole_writer, stored, whole
from assay.records.events import Event, EventKind, Manifest, events_of_facts, fold
from assay.records.judgements import Judgements, take_ledger
from assay.records.partial import PartialRows
from assay.records.schema import ARRIVED_SINCE, EVENTS_SINCE, STEPS, check_layout, facts_of, migrate
from assay.records.types import Declared, Scores

__all__ = ["Store"]

BATCH = 250
PAUSE = 0.25
"""Seconds after which pending records are committed."""
_TURN = (
    "CASE WHEN r.kind = 'generate' AND (r.request OR EXISTS (SELECT 1 FROM records x WHERE x.subject = r.subject AND "
    "x.protocol = r.protocol AND x.example = r.example AND x.sample = r.sample AND x.request = 1)) THEN r.request + 1 END"
)
"""Of a record in a conversation, from 1; NULL where its example is asked once."""
_T = TypeVar("_T")


class Store(PartialRows):
    """An open `records.sqlite`. Made by `Store.write` or `Store.read`."""

    # -- opening -------------------------------------------------------------------------------

    @classmethod
    @contextmanager
    def write(cls, folder: Path) -> Iterator[Self]:
        """Open for writing, making the folder if needed.

        Raises RunError when another process writes to this run or a newer assay made it, and
        OutputError when the folder cannot be written.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as bad:
            raise OutputError(
                f"cannot be made: {bad.strerror}", place=folder, fix="choose another --out"
            ) from None
        path = folder / "records.sqlite"
        with explained(path), sole_writer(folder), closing(connect(path)) as db:
            keep_log(db)
            db.execute("PRAGMA synchronous = NORMAL")
            migrate(db, path)
            take_ledger(db, folder)
            yield cls(db, len(STEPS))
            # A reader may hold the file; then the log stays beside it, which does no harm.
            with suppress(sqlite3.OperationalError):
                db.execute("PRAGMA journal_mode = DELETE")

    @classmethod
    @contextmanager
    def read(cls, folder: Path, untouched: bool = False) -> Iterator[Self]:
        """Open for reading. Raises RunError when there is no run in `folder`.

        untouched: change no file, not even the log of a killed run; not in a process that also writes to the run.
        """
        path = folder / "records.sqlite"
        if not path.is_file():
            raise RunError("no run here (no records.sqlite)", place=folder, fix="make one with `assay run`")
        with explained(path), closing(connect_to_read(path) if untouched else connect(path)) as db:
            db.execute("PRAGMA query_only = 1")
            db.execute("BEGIN")  # one view of the run, even while another process writes
            yield cls(db, check_layout(db, path))

    @property
    def judgements(self) -> Judgements:
        """The judges' answers."""
        return Judgements(self._db)

    # -- responses -------------------------------------------------------------------------------

    def held(self, name: str, task: str) -> set[RowKey]:
        """The key of every record that this name has on this task."""
        bound = self._binding(name, task)
        if bound is None:
            return set()
        rows = self._db.execute(
            "SELECT e.key, r.sample, r.request FROM records r CROSS JOIN examples e ON e.id = r.example "
            "WHERE r.subject = ? AND r.protocol = ? AND e.task = ?",
            (*bound, self._task(task)),
        )
        return {RowKey(name, task, *row) for row in rows}

    def append(self, items: Iterable[Completion | Partial]) -> Iterator[int]:
        """Enter completions in batches, yielding the size of each one once it is safe on disk.

        A record that exists already is unchanged. Completions received before the source fails are kept. Tokens of
        generations under way are entered with them, and deleted with the entry of their record.
        """
        for burst in _bursts(items):
            batch = [item for item in burst if isinstance(item, Completion)]
            arrived = time.time()
            with self.transaction():
                for item in burst:
                    if isinstance(item, Partial):
                        self._keep_partial(item.rows)
                self._db.executemany(
                    "INSERT OR IGNORE INTO records (subject, protocol, example, sample, request, kind, prompt, "
                    "text, cut, tokens, finish, logprob, greedy, arrived) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    [(*self._record(completion), arrived) for completion in batch],
                )
                self._drop_partial(completion.prompt for completion in batch)
            yield len(batch)

    def _record(self, completion: Completion) -> tuple[object, ...]:
        asked = completion.prompt
        row = self._row(asked)
        _, own = self._example(asked.task, asked.example)
        return (
            *row,
            asked.kind,
            None if asked.text == own else self._prompt(asked.text),
            None if completion.null else completion.text,
            completion.skip,
            completion.tokens,
            completion.finish,
            completion.logprob,
            completion.greedy,
        )

    def _prompt(self, text: str) -> int:
        sha256 = hashlib.sha256(text.encode()).hexdigest()
        self._db.execute("INSERT OR IGNORE INTO prompts (digest, text) VALUES (?, ?)", (sha256, text))
        (row,) = self._db.execute("SELECT id FROM prompts WHERE digest = ?", (sha256,)).fetchone()
        return int(row)

    def responses(self, name: str, task: str) -> Iterator[dict[str, Any]]:
        """A name's records on a task, in file order.

        Each has key, sample, turn (from 1; None where the example is asked once), prompt as sent, response (the judged
        part) and text (whole; None for null).
        """
        bound = self._binding(name, task)
        if bound is None:
            return
        for key, sample, turn, prompt, text, cut in self._db.execute(
            f"SELECT e.key, r.sample, {_TURN}, coalesce(p.text, e.prompt), r.text, r.cut FROM records r "
            "CROSS JOIN examples e ON e.id = r.example LEFT JOIN prompts p ON p.id = r.prompt "
            "WHERE r.subject = ? AND r.protocol = ? AND e.task = ? ORDER BY e.position, r.sample, r.request",
            (*bound, self._task(task)),
        ):
            yield {
                "key": key,
                "sample": sample,
                "turn": turn,
                "prompt": prompt,
                "response": (text or "")[cut:],
                "text": text,
            }

    def same_text(self, name: str, other: str, task: str) -> tuple[int, int]:
        """(number of examples and samples on which `name` answers as `other` does, number that it answers).

        Answers are the same if their judged texts are equal, and the log-probabilities of a given continuation are
        equal within 0.0001, which is rounding.
        """
        mine, theirs = self._binding(name, task), self._binding(other, task)
        if mine is None or theirs is None:
            return 0, 0
        same, total = self._db.execute(
            "SELECT coalesce(sum(same), 0), count(*) FROM (SELECT min(b.id IS NOT NULL "
            "AND judged(a.text, a.cut) = judged(b.text, b.cut) "
            "AND coalesce(abs(a.logprob - b.logprob), 0) <= 0.0001) AS same FROM records a CROSS JOIN examples e ON e.id = a.example "
            "LEFT JOIN records b ON b.subject = ? AND b.protocol = ? AND b.example = a.example "
            "AND b.sample = a.sample AND b.request = a.request "
            "WHERE a.subject = ? AND a.protocol = ? AND e.task = ? GROUP BY a.example, a.sample)",
            (*theirs, *mine, self._task(task)),
        ).fetchone()
        return int(same), int(total)

    def unbound(self) -> int:
        """Number of records of the study's tasks under protocols that none of its names has any more.

        A second pass is left out: which adapter is asked twice follows from the claims, not from the settings.
        """
        (count,) = self._db.execute(
            "SELECT count(*) FROM records r JOIN examples e ON e.id = r.example JOIN protocols p ON p.id = r.protocol "
            "WHERE e.task IN (SELECT task FROM bindings) AND json_extract(p.identity, '$.batch') IS NULL AND NOT EXISTS "
            "(SELECT 1 FROM bindings b WHERE b.task = e.task AND b.protocol = r.protocol)"
        ).fetchone()
        return int(count)

    def count(self) -> int:
        """Number of records that the study's names are bound to."""
        (count,) = self._db.execute(
            "SELECT count(*) FROM records r WHERE EXISTS (SELECT 1 FROM bindings b JOIN examples e ON e.task = b.task "
            "WHERE e.id = r.example AND b.subject = r.subject AND b.protocol = r.protocol)"
        ).fetchone()
        return int(count)

    def uncut(self, name: str, task: str) -> tuple[int, int]:
        """(number of a name's records on a task of which nothing was cut, number of its records)."""
        bound = self._binding(name, task)
        if bound is None:
            return 0, 0
        uncut, total = self._db.execute(
            "SELECT coalesce(sum(r.cut = 0), 0), count(*) FROM records r CROSS JOIN examples e ON e.id = r.example "
            "WHERE r.subject = ? AND r.protocol = ? AND e.task = ?",
            (*bound, self._task(task)),
        ).fetchone()
        return int(uncut), int(total)

    def arrivals(self, name: str, task: str) -> dict[int, float]:
        """By position of the example: when the first sample was kept, in seconds since 1970; empty where it was not noted."""
        bound = self._binding(name, task)
        if bound is None or self._layout < ARRIVED_SINCE:
            return {}
        return dict(
            self._db.execute(
                "SELECT e.position, r.arrived FROM records r CROSS JOIN examples e ON e.id = r.example WHERE r.subject = ? "
                "AND r.protocol = ? AND e.task = ? AND r.sample = 0 AND r.request = 0 AND r.arrived IS NOT NULL",
                (*bound, self._task(task)),
            )
        )

    def first_arrival(self, name: str, task: str) -> float | None:
        """When the oldest of a name's records on a task was kept, in seconds since 1970; None where that of one is not known."""
        bound = self._binding(name, task)
        if bound is None or self._layout < ARRIVED_SINCE:
            return None
        oldest, count, known = self._db.execute(
            "SELECT min(r.arrived), count(*), count(r.arrived) FROM records r CROSS JOIN examples e ON e.id = r.example "
            "WHERE r.subject = ? AND r.protocol = ? AND e.task = ?",
            (*bound, self._task(task)),
        ).fetchone()
        return oldest if count == known else None

    def nulls(self, name: str, task: str) -> int:
        """Number of a name's responses on a task that were null, and so judged as empty."""
        return self._count(name, task, "r.text IS NULL AND r.kind = 'generate'")

    def unanswered(self, name: str, task: str) -> int:
        """Number of a name's responses on a task that have nothing but white space after the skipped part."""
        return self._count(
            name, task, "r.cut > 0 AND trim(substr(r.text, r.cut + 1), char(9, 10, 13, 32)) = ''"
        )

    def _count(self, name: str, task: str, condition: str) -> int:
        bound = self._binding(name, task)
        if bound is None:
            return 0
        (count,) = self._db.execute(
            "SELECT count(*) FROM records r CROSS JOIN examples e ON e.id = r.example "
            f"WHERE r.subject = ? AND r.protocol = ? AND e.task = ? AND {condition}",
            (*bound, self._task(task)),
        ).fetchone()
        return int(count)

    # -- scores ----------------------------------------------------------------------------------

    def unscored(self, task: str, scorer: str) -> list[int]:
        """The first bound record of every example and sample of a task without a score by `scorer`.

        Leaves out those that lack an answer to some request about the example which other subjects were asked.
        """
        number = self._task(task)
        rows = self._db.execute(
            "WITH asked AS (SELECT r.example, max(r.request) AS last FROM records r "
            "CROSS JOIN examples e ON e.id = r.example WHERE e.task = ? AND (r.subject, r.protocol) IN "
            "(SELECT subject, protocol FROM bindings WHERE task = e.task) GROUP BY r.example) "
            "SELECT DISTINCT r.id FROM asked CROSS JOIN bindings b CROSS JOIN records r ON r.subject = b.subject "
            "AND r.protocol = b.protocol AND r.example = asked.example AND r.request = 0 "
            "LEFT JOIN scores s ON s.record = r.id AND s.scorer = ? "
            "WHERE b.task = ? AND s.record IS NULL AND (asked.last = 0 OR asked.last < "
            "(SELECT count(*) FROM records a WHERE a.subject = r.subject AND a.protocol = r.protocol "
            "AND a.example = r.example AND a.sample = r.sample))",
            (number, scorer, number),
        )
        return sorted(record for (record,) in rows)

    def judged(self, records: Sequence[int]) -> Iterator[tuple[int, str, str]]:
        """(record, example key, judged text) of these records."""
        for batch in _batches(records):
            marks = ", ".join("?" * len(batch))
            for record, key, text, cut in self._db.execute(
                "SELECT r.id, e.key, coalesce(r.text, ''), r.cut FROM records r "
                f"JOIN examples e ON e.id = r.example WHERE r.id IN ({marks}) ORDER BY r.id",
                batch,
            ).fetchall():
                yield record, key, text[cut:]

    def add_scores(
        self, scorer: str, scores: Iterable[tuple[int, Sequence[int], Mapping[str, Any]]]
    ) -> Iterator[int]:
        """Enter (record, passed of each metric then out of what, detail); yields the size of each batch."""
        for batch in _batches(scores):
            rows = [
                (
                    record,
                    scorer,
                    json.dumps(list(counts), separators=(",", ":")),
                    json.dumps(detail, ensure_ascii=False),
                )
                for record, counts, detail in batch
            ]
            with self.transaction():
                self._db.executemany("INSERT OR REPLACE INTO scores VALUES (?, ?, ?, ?)", rows)
            yield len(batch)

    def scores(self, name: str, task: str, scorer: str, whole: bool = True) -> Scores | None:
        """Scores of a name on a task; None where any example lacks one.

        With `whole=False`, those of the examples that have all their scores; None where none has.
        """
        bound = self._binding(name, task)
        if bound is None:
            return None
        rows = self._db.execute(
            "SELECT e.position, r.sample, s.counts FROM records r CROSS JOIN examples e ON e.id = r.example "
            "JOIN scores s ON s.record = r.id AND s.scorer = ? "
            "WHERE r.subject = ? AND r.protocol = ? AND e.task = ? ORDER BY e.position, r.sample",
            (scorer, *bound, self._task(task)),
        ).fetchall()
        samples = 1 + max((sample for _, sample, _ in rows), default=0)
        held = Counter(position for position, _, _ in rows)
        positions = [position for position, count in held.items() if count == samples]
        (examples,) = self._db.execute(
            "SELECT count(*) FROM examples WHERE task = ?", (self._task(task),)
        ).fetchone()
        if not positions or (whole and len(positions) != examples):
            return None
        complete = set(positions)
        counts = ",".join(count for position, _, count in rows if position in complete)
        table = np.array(stored(f"[{counts}]"), dtype=np.int64).reshape(len(positions), samples, 2, -1)
        return Scores(table[:, :, 0, :], table[:, :, 1, :], np.array(positions, dtype=np.int64))

    def details(self, name: str, task: str, scorer: str) -> Iterator[tuple[str, int, dict[str, Any]]]:
        """(example key, sample, detail) of a name's scores on a task, in file order."""
        bound = self._binding(name, task)
        if bound is None:
            return
        for key, sample, detail in self._db.execute(
            "SELECT e.key, r.sample, s.detail FROM records r CROSS JOIN examples e ON e.id = r.example "
            "JOIN scores s ON s.record = r.id AND s.scorer = ? "
            "WHERE r.subject = ? AND r.protocol = ? AND e.task = ? ORDER BY e.position, r.sample",
            (scorer, *bound, self._task(task)),
        ):
            yield key, sample, stored(detail)

    def differing(self, task: str, scorer: str) -> Iterator[tuple[str, int, int, dict[str, Any]]]:
        """(name, position, sample, detail) of records on which the verifier's other mode gives another result."""
        for name, position, sample, detail in self._db.execute(
            "SELECT b.name, e.position, r.sample, s.detail FROM scores s JOIN records r ON r.id = s.record JOIN examples e ON e.id = r.example "
            "JOIN bindings b ON b.subject = r.subject AND b.protocol = r.protocol AND b.task = e.task "
            "WHERE e.task = ? AND s.scorer = ? AND json_extract(s.detail, '$.other') IS NOT NULL",
            (self._task(task), scorer),
        ):
            yield name, position, sample, stored(detail)

    # -- claims and events -----------------------------------------------------------------------

    def declare(self, block: Mapping[str, Any]) -> None:
        """Stamp a claim block with its hash, the time, and the number of records before it.

        Adds nothing where it is the newest block already.
        """
        if (known := self.declared()) and known[-1].sha256 == digest(block):
            return
        with self.transaction():
            (before,) = self._db.execute("SELECT count(*) FROM records").fetchone()
            self._db.execute(
                "INSERT INTO claims (sha256, block, declared_at, records_before) VALUES (?, ?, ?, ?)",
                (digest(block), json.dumps(block, sort_keys=True, ensure_ascii=False), _now(), before),
            )

    def declared(self) -> list[Declared]:
        """Every claim block that this run has seen, the oldest first."""
        rows = self._db.execute("SELECT sha256, declared_at, records_before FROM claims ORDER BY id")
        return [Declared(*row) for row in rows]

    def note(self, kind: EventKind, **data: Any) -> None:
        """Append an event."""
        self._db.execute(
            "INSERT INTO events (at, kind, data) VALUES (?, ?, ?)",
            (_now(), kind, json.dumps(data, ensure_ascii=False)),
        )

    def events(self, since: int = 0) -> list[Event]:
        """Every event after the one with this id, in order."""
        if self._layout < EVENTS_SINCE:
            facts = facts_of(self._db) if self._layout else {}
            return [Event(n, "", *made) for n, made in enumerate(events_of_facts(facts), 1) if n > since]
        rows = "SELECT id, at, kind, data FROM events WHERE id > ? ORDER BY id"
        return [Event(n, at, kind, stored(data)) for n, at, kind, data in self._db.execute(rows, (since,))]

    @property
    def manifest(self) -> Manifest:
        """The fold of the events so far."""
        if new := self.events(self._folded):
            with whole("event"):
                self._manifest, self._folded = fold(new, self._manifest), new[-1].id
        return self._manifest


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _bursts(items: Iterable[_T]) -> Iterator[list[_T]]:
    """Lists of the items that arrive within PAUSE seconds, at most BATCH; the items before an error, then the error."""
    burst: list[_T] = []
    since = time.monotonic()
    try:
        for item in items:
            burst.append(item)
            if len(burst) >= BATCH or time.monotonic() - since > PAUSE:
                ready, burst, since = burst, [], time.monotonic()
                yield ready
    except BaseException:
        if burst:
            yield burst
        raise
    if burst:
        yield burst


def _batches(items: Iterable[_T]) -> Iterator[list[_T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, BATCH)):
        yield batch
