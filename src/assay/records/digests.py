"""Digests of what a run holds of a name on a task: its examples, its responses, its scores. They write nothing.

Each is SHA-256 over one line of JSON for each row, in file order, so that rows are read once and not kept.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from assay.records.bindings import digest
from assay.records.database import stored
from assay.records.store import Store

__all__ = ["Content", "example_content", "response_content", "score_content", "scored"]


class Content(NamedTuple):
    """How many rows there are, and what they say."""

    rows: int
    sha256: str


def example_content(store: Store, task: str) -> Content:
    """A task's examples, with its kind: the digest under which the run entered them, computed again from the rows."""
    number = store._task(task)
    (kind,) = store._db.execute("SELECT kind FROM tasks WHERE id = ?", (number,)).fetchone()
    rows = [[example.key, example.prompt, dict(example.data)] for example in store.examples(task)]
    return Content(len(rows), digest([kind, rows]))


def response_content(store: Store, name: str, task: str) -> Content:
    """A name's responses on a task: prompt as sent, text, cut, ending and log-probability of each."""
    bound = store._binding(name, task)
    if bound is None:
        return _content(())
    return _content(
        store._db.execute(
            "SELECT e.key, r.sample, r.request, r.kind, coalesce(p.text, e.prompt), r.text, r.cut, r.tokens, r.finish, "
            "r.logprob, r.greedy FROM records r CROSS JOIN examples e ON e.id = r.example "
            "LEFT JOIN prompts p ON p.id = r.prompt "
            "WHERE r.subject = ? AND r.protocol = ? AND e.task = ? ORDER BY e.position, r.sample, r.request",
            (*bound, store._task(task)),
        )
    )


def score_content(store: Store, name: str, task: str, scorer: str) -> Content:
    """A name's scores on a task by a verifier: what each response passed, and why."""
    bound = store._binding(name, task)
    if bound is None:
        return _content(())
    return _content(
        store._db.execute(
            "SELECT e.key, r.sample, s.counts, s.detail FROM records r CROSS JOIN examples e ON e.id = r.example "
            "JOIN scores s ON s.record = r.id AND s.scorer = ? "
            "WHERE r.subject = ? AND r.protocol = ? AND e.task = ? ORDER BY e.position, r.sample",
            (scorer, *bound, store._task(task)),
        )
    )


def scored(store: Store, name: str, task: str, scorer: str) -> dict[int, list[int]]:
    """By record: what a name's response passed on each metric, and then out of what."""
    bound = store._binding(name, task)
    if bound is None:
        return {}
    rows = store._db.execute(
        "SELECT r.id, s.counts FROM records r CROSS JOIN examples e ON e.id = r.example "
        "JOIN scores s ON s.record = r.id AND s.scorer = ? "
        "WHERE r.subject = ? AND r.protocol = ? AND e.task = ? ORDER BY r.id",
        (scorer, *bound, store._task(task)),
    )
    return {record: stored(counts) for record, counts in rows}


def _content(rows: Iterable[tuple[Any, ...]]) -> Content:
    count, state = 0, hashlib.sha256()
    for row in rows:
        count += 1
        state.update(json.dumps(row, separators=(",", ":")).encode() + b"\n")
    return Content(count, state.hexdigest())
