"""Queries of a reader who looks at a run in parts: flips of one adapter on one task, how far a run is.

None reads a whole run, and none writes. A flip is an example that two subjects judge differently on the task's primary
metric, with one sample each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assay.records.database import stored
from assay.records.events import Event
from assay.records.schema import EVENTS_SINCE
from assay.records.store import Store
from assay.records.types import in_turns

__all__ = [
    "Answer",
    "FlipRow",
    "answered",
    "claim_block_of",
    "contents",
    "first_records",
    "flip_rows",
    "flips",
    "given_answers",
    "identities",
    "identity_of",
    "instruction_types",
    "last_event",
    "passed",
    "samples",
    "sizes",
    "under_way",
]

_PASSED = "CAST(substr({}.counts, 2) AS INTEGER)"
"""What a score gives to the primary metric: the first number of its JSON list."""
_BOTH = (
    "FROM examples e CROSS JOIN records a ON a.subject = ? AND a.protocol = ? AND a.example = e.id AND a.sample = 0 "
    "AND a.request = 0 CROSS JOIN records b ON b.subject = ? AND b.protocol = ? AND b.example = e.id AND b.sample = 0 "
    "AND b.request = 0 CROSS JOIN scores s ON s.record = a.id AND s.scorer = ? "
    "CROSS JOIN scores t ON t.record = b.id AND t.scorer = ? WHERE e.task = ?"
)
"""Examples with the scored first answers of two subjects: `a` and `b`, with scores `s` and `t`."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A subject's answer to an example."""

    response: str
    """The scored part; of a conversation, of every turn."""
    detail: Mapping[str, Any]
    """What the verifier noted."""


@dataclass(frozen=True, slots=True)
class FlipRow:
    """An example on which two subjects differ, with both answers."""

    position: int
    key: str
    prompt: str
    data: Mapping[str, Any]
    before: Answer
    after: Answer


def flips(store: Store, name: str, reference: str, task: str, scorer: str) -> list[tuple[int, bool]]:
    """(position, whether `name` passes more than the reference) of each of their flips on a task, in file order."""
    sides = _sides(store, name, reference, task, scorer)
    if sides is None:
        return []
    difference = f"{_PASSED.format('s')} - {_PASSED.format('t')}"
    rows = store._db.execute(
        f"SELECT e.position, {difference} {_BOTH} AND {difference} ORDER BY e.position", sides
    )
    return [(position, change > 0) for position, change in rows]


def flip_rows(
    store: Store, name: str, reference: str, task: str, scorer: str, positions: Sequence[int]
) -> Iterator[FlipRow]:
    """The examples at these positions with both answers, in file order."""
    sides = _sides(store, name, reference, task, scorer)
    if sides is None or not positions:
        return
    marks = ", ".join("?" * len(positions))
    ours, theirs = (_later_turns(store, side, task, positions) for side in (name, reference))
    for position, key, prompt, data, *answers in store._db.execute(
        "SELECT e.position, e.key, e.prompt, e.data, coalesce(b.text, ''), b.cut, t.detail, coalesce(a.text, ''), a.cut, "
        f"s.detail {_BOTH} AND e.position IN ({marks}) ORDER BY e.position",
        (*sides, *positions),
    ):
        before, cut_before, noted_before, after, cut_after, noted_after = answers
        yield FlipRow(
            position,
            key,
            prompt,
            stored(data),
            Answer(in_turns([before[cut_before:], *theirs.get(position, ())]), stored(noted_before)),
            Answer(in_turns([after[cut_after:], *ours.get(position, ())]), stored(noted_after)),
        )


def _later_turns(store: Store, name: str, task: str, positions: Sequence[int]) -> dict[int, list[str]]:
    """By position: the scored parts of the answers to the turns after the first."""
    bound = store._binding(name, task)
    found: dict[int, list[str]] = {}
    for position, text, cut in store._db.execute(
        "SELECT e.position, coalesce(r.text, ''), r.cut FROM examples e CROSS JOIN records r ON r.subject = ? AND "
        "r.protocol = ? AND r.example = e.id AND r.sample = 0 AND r.request > 0 AND r.kind = 'generate' WHERE e.task = ? "
        f"AND e.position IN ({', '.join('?' * len(positions))}) ORDER BY e.position, r.request",
        (*(bound or (0, 0)), store._task(task), *positions),
    ):
        found.setdefault(position, []).append(text[cut:])
    return found


def _sides(store: Store, name: str, reference: str, task: str, scorer: str) -> tuple[object, ...] | None:
    mine, theirs = store._binding(name, task), store._binding(reference, task)
    if mine is None or theirs is None:
        return None
    return (*mine, *theirs, scorer, scorer, store._task(task))


def samples(store: Store) -> dict[tuple[str, str], int]:
    """By name and task of the study: responses to a prompt, by the protocol."""
    rows = store._db.execute(
        "SELECT b.name, t.name, json_extract(p.identity, '$.samples') FROM bindings b JOIN tasks t ON t.id = b.task "
        "JOIN protocols p ON p.id = b.protocol ORDER BY b.rowid"
    )
    return {(name, task): count or 1 for name, task, count in rows}


def identities(store: Store) -> dict[str, dict[str, Any]]:
    """By name of the study: `digest` of what answers, and the parts of its identity; of its first task."""
    known: dict[str, dict[str, Any]] = {}
    for name, sha256, identity in store._db.execute(
        "SELECT b.name, s.digest, s.identity FROM bindings b JOIN subjects s ON s.id = b.subject ORDER BY b.rowid"
    ):
        if name not in known:
            known[name] = {**stored(identity), "digest": sha256}
    return known


def identity_of(store: Store, name: str, task: str) -> dict[str, Any]:
    """The parts of the identity of what a name is bound to on a task; empty where it is not bound."""
    bound = store._binding(name, task)
    if bound is None:
        return {}
    (identity,) = store._db.execute("SELECT identity FROM subjects WHERE id = ?", (bound[0],)).fetchone()
    return dict(stored(identity))


def first_records(store: Store, name: str, task: str) -> list[tuple[int, int, int]]:
    """(record, position of its example, sample) of a name's records on a task, the first request of each sample."""
    bound = store._binding(name, task)
    if bound is None:
        return []
    return store._db.execute(
        "SELECT r.id, e.position, r.sample FROM records r CROSS JOIN examples e ON e.id = r.example WHERE r.subject = ? "
        "AND r.protocol = ? AND e.task = ? AND r.request = 0 ORDER BY e.position, r.sample",
        (*bound, store._task(task)),
    ).fetchall()


def given_answers(store: Store, name: str, task: str) -> Iterator[tuple[int, int, str, str, float | None]]:
    """(position of the example, sample, prompt as sent, judged text, log-probability) of a name's records on a task.

    Log-probabilities are rounded to 0.0001.
    """
    bound = store._binding(name, task)
    if bound is None:
        return
    for position, sample, prompt, text, cut, logprob in store._db.execute(
        "SELECT e.position, r.sample, coalesce(p.text, e.prompt), coalesce(r.text, ''), r.cut, round(r.logprob, 4) "
        "FROM records r CROSS JOIN examples e ON e.id = r.example LEFT JOIN prompts p ON p.id = r.prompt "
        "WHERE r.subject = ? AND r.protocol = ? AND e.task = ? ORDER BY e.position, r.sample, r.request",
        (*bound, store._task(task)),
    ):
        yield position, sample, prompt, text[cut:], logprob


def claim_block_of(store: Store, sha256: str) -> dict[str, Any] | None:
    """The claim block with this digest; None where the run never declared it."""
    row = store._db.execute("SELECT block FROM claims WHERE sha256 = ? LIMIT 1", (sha256,)).fetchone()
    return None if row is None else dict(stored(row[0]))


def sizes(store: Store) -> dict[str, int]:
    """Number of examples of each task."""
    return dict(
        store._db.execute(
            "SELECT t.name, count(e.id) FROM tasks t LEFT JOIN examples e ON e.task = t.id GROUP BY t.id"
        )
    )


def contents(store: Store) -> dict[tuple[str, str], tuple[str, str]]:
    """By name and task of the study: digests of the protocol and of the task's examples."""
    rows = store._db.execute(
        "SELECT b.name, t.name, p.digest, t.digest FROM bindings b JOIN tasks t ON t.id = b.task "
        "JOIN protocols p ON p.id = b.protocol ORDER BY b.rowid"
    )
    return {(name, task): (protocol, examples) for name, task, protocol, examples in rows}


def passed(store: Store, name: str, task: str, scorer: str) -> dict[str, int]:
    """By key of the example: what the score of a name's first sample gives to the task's primary metric."""
    bound = store._binding(name, task)
    if bound is None:
        return {}
    return dict(
        store._db.execute(
            f"SELECT e.key, {_PASSED.format('s')} FROM examples e CROSS JOIN records r ON r.subject = ? AND r.protocol = ? "
            "AND r.example = e.id AND r.sample = 0 AND r.request = 0 CROSS JOIN scores s ON s.record = r.id "
            "AND s.scorer = ? WHERE e.task = ?",
            (*bound, scorer, store._task(task)),
        )
    )


def instruction_types(store: Store) -> tuple[str, ...]:
    """Types of instructions in the examples of the run's tasks, in alphabetical order."""
    rows = store._db.execute(
        "SELECT DISTINCT j.value FROM examples e, json_each(e.data, '$.instruction_id_list') j ORDER BY j.value"
    )
    return tuple(str(name) for (name,) in rows)


def answered(store: Store) -> dict[tuple[str, str], int]:
    """By name and task of the study: prompts with a response, counted once a sample."""
    rows = store._db.execute(
        "SELECT b.name, t.name, (SELECT count(*) FROM records r WHERE r.subject = b.subject AND r.protocol = b.protocol "
        "AND r.example BETWEEN s.first AND s.last AND r.request = 0) FROM bindings b JOIN tasks t ON t.id = b.task "
        "JOIN (SELECT task, min(id) AS first, max(id) AS last FROM examples GROUP BY task) s ON s.task = t.id "
        "ORDER BY b.rowid"
    )
    return {(name, task): count for name, task, count in rows}


def under_way(store: Store) -> int:
    """Generations whose tokens so far are kept."""
    if not store._db.execute("SELECT 1 FROM sqlite_master WHERE name = 'partial_rows'").fetchone():
        return 0
    (count,) = store._db.execute("SELECT count(*) FROM partial_rows").fetchone()
    return int(count)


def last_event(store: Store, *kinds: str) -> Event | None:
    """The newest event of these kinds; None where there is none."""
    if store._layout < EVENTS_SINCE:
        return next((event for event in reversed(store.events()) if event.kind in kinds), None)
    row = store._db.execute(
        f"SELECT id, at, kind, data FROM events WHERE kind IN ({', '.join('?' * len(kinds))}) ORDER BY id DESC LIMIT 1",
        kinds,
    ).fetchone()
    return None if row is None else Event(row[0], row[1], row[2], stored(row[3]))
