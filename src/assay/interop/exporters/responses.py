"""Writes a run's responses: as JSON Lines, one record a line, or as one Parquet file, each with what it passed.

In a task of several turns each has its `turn`, from 1.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

from assay.engines.api import is_again
from assay.errors import OutputError
from assay.files import write_atomically
from assay.interop.exporters.finished import Finished
from assay.plan import Plan
from assay.records import Store

__all__ = ["export_parquet", "export_responses"]

BATCH = 2_000
"""Rows in memory at a time."""


def export_responses(plan: Plan, store: Store, out: Path | None) -> int:
    """Write every response of a run to `out`, or to standard output; how many. Raises OutputError."""
    count = 0

    def lines() -> Iterator[str]:
        nonlocal count
        for count, (_, row) in enumerate(_rows(plan, store), 1):  # noqa: B007
            yield json.dumps(row, ensure_ascii=False) + "\n"

    def write(path: Path) -> None:
        with path.open("w", encoding="utf-8") as file:
            file.writelines(lines())

    if out is None:
        sys.stdout.writelines(lines())
    else:
        write_atomically(out, write)
    return count


def export_parquet(run: Finished, out: Path) -> int:
    """Write every response and its scores; how many. Raises OutputError, and where pyarrow is not installed."""
    try:
        arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError:
        raise OutputError("--format parquet needs pyarrow", fix="`pip install pyarrow`") from None
    texts = ("subject", "base", "adapter", "task", "key", "prompt", "response")
    mark = arrow.struct([("metric", arrow.string()), ("passed", arrow.int64()), ("out_of", arrow.int64())])
    schema = arrow.schema(
        [
            *((name, arrow.string()) for name in texts),
            ("sample", arrow.int64()),
            ("turn", arrow.int64()),
            ("scores", arrow.list_(mark)),
        ]
    )
    count = 0

    def write(path: Path) -> None:
        nonlocal count
        rows = _scored_rows(run)
        with parquet.ParquetWriter(path, schema) as writer:
            while batch := list(islice(rows, BATCH)):
                writer.write_table(arrow.Table.from_pylist(batch, schema))
                count += len(batch)

    write_atomically(out, write)
    return count


def _rows(plan: Plan, store: Store) -> Iterator[tuple[str, dict[str, Any]]]:
    """What the records call a subject, and a row for each of its responses; task by task, in file order."""
    bases = {adapter.name: adapter.base for adapter in plan.adapters}
    for name, task in store.bound():
        if is_again(name):
            continue
        own = name.partition("/")[0]
        subject = store.subject(name, task)
        for record in store.responses(name, task):
            row = {
                "subject": subject,
                "base": bases.get(own, own),
                "adapter": own if own in bases else None,
                "task": task,
                "key": record["key"],
                "sample": record["sample"],
                **({} if record["turn"] is None else {"turn": record["turn"]}),
                "prompt": record["prompt"],
                "response": record["response"],
            }
            yield name, row


def _scored_rows(run: Finished) -> Iterator[dict[str, Any]]:
    counts: dict[tuple[str, str], Any] = {}
    for name, row in _rows(run.plan, run.evidence.store):
        place = (name, row["task"])
        if place not in counts:
            counts = {place: run.counts(*place)}  # rows come task by task: one in memory
        passed, out_of = counts[place].get((row["key"], row["sample"]), ((), ()))
        metrics = [metric.name for metric in run.tasks[row["task"]].metrics] if passed else []
        marks = zip(metrics, passed, out_of, strict=True)
        scores = [{"metric": metric, "passed": done, "out_of": most} for metric, done, most in marks]
        yield row | {"scores": scores}
