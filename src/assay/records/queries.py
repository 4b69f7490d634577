"""Queries beyond a subject's scores: answers joined by example, texts with their endings, lengths.

They write nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from assay.records.store import Store
from assay.tasks.task import Answer

__all__ = ["answers", "judged_texts", "response_tokens", "written"]

BATCH = 250


def answers(store: Store, records: Sequence[int]) -> Iterator[tuple[int, str, tuple[Answer, ...]]]:
    """(record, example's key, answers in the order of the requests) of these records, each the first of its example."""
    for first in range(0, len(records), BATCH):
        batch = records[first : first + BATCH]
        rows = store._db.execute(
            "SELECT r.id, e.key, coalesce(a.text, ''), a.cut, a.logprob, a.greedy FROM records r "
            "JOIN examples e ON e.id = r.example "
            "JOIN records a ON a.subject = r.subject AND a.protocol = r.protocol AND a.example = r.example "
            f"AND a.sample = r.sample WHERE r.id IN ({', '.join('?' * len(batch))}) ORDER BY r.id, a.request",
            batch,
        ).fetchall()
        for (record, key), found in groupby(rows, key=lambda row: (row[0], row[1])):
            yield (
                record,
                key,
                tuple(
                    Answer(text[cut:], logprob, None if greedy is None else bool(greedy))
                    for _, _, text, cut, logprob, greedy in found
                ),
            )


def judged_texts(store: Store, name: str, task: str) -> dict[tuple[str, int], list[str]]:
    """The judged texts of a name's records on a task, by example and sample, in the order of the requests."""
    found: dict[tuple[str, int], list[str]] = {}
    for record in store.responses(name, task):
        found.setdefault((record["key"], record["sample"]), []).append(record["response"])
    return found


def written(
    store: Store, name: str, task: str, step: int = 1
) -> Iterator[tuple[int, str, int | None, str | None]]:
    """(position, judged text, tokens of the whole response, finish) of a name's generated records on a task.

    Of every `step`-th example from the first, in no order. Null responses are empty text; tokens and finish
    are None where the engine or file did not state them.
    """
    bound = store._binding(name, task)
    if bound is None:
        return
    for position, text, cut, tokens, finish in store._db.execute(
        "SELECT e.position, r.text, r.cut, r.tokens, r.finish FROM records r "
        "CROSS JOIN examples e ON e.id = r.example "
        "WHERE r.subject = ? AND r.protocol = ? AND e.task = ? AND e.position % ? = 0 AND r.kind = 'generate'",
        (*bound, store._task(task), step),
    ):
        yield position, (text or "")[cut:], tokens, finish


def response_tokens(store: Store, name: str, task: str) -> tuple[int, int]:
    """(number of a name's generated responses to a task with a known token count, their tokens)."""
    bound = store._binding(name, task)
    if bound is None:
        return 0, 0
    count, total = store._db.execute(
        "SELECT count(r.tokens), coalesce(sum(r.tokens), 0) FROM records r CROSS JOIN examples e ON e.id = r.example "
        "WHERE r.subject = ? AND r.protocol = ? AND e.task = ? AND r.kind = 'generate'",
        (*bound, store._task(task)),
    ).fetchone()
    return int(count), int(total)
