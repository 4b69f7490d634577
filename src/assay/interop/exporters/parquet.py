"""Writes a run's records as one Parquet file: a row a response, with what it passed."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from assay.errors import OutputError
from assay.files import write_atomically
from assay.interop.exporters.finished import Finished
from assay.interop.exporters.responses import response_rows

__all__ = ["export_parquet"]

BATCH = 2_000
"""Rows in memory at a time."""


def export_parquet(run: Finished, out: Path) -> int:
    """Write every response and its scores; how many. Raises OutputError, and where pyarrow is not installed."""
    try:
        arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError:
        raise OutputError("--format parquet needs pyarrow: `pip install pyarrow`") from None
    texts = ("subject", "base", "adapter", "task", "key", "prompt", "response")
    mark = arrow.struct([("metric", arrow.string()), ("passed", arrow.int64()), ("out_of", arrow.int64())])
    shape = arrow.schema(
        [
            *((name, arrow.string()) for name in texts),
            ("sample", arrow.int64()),
            ("scores", arrow.list_(mark)),
        ]
    )
    count = 0

    def write(path: Path) -> None:
        nonlocal count
        with parquet.ParquetWriter(path, shape) as writer:
            batch: list[dict[str, Any]] = []
            for row in _rows(run):
                batch.append(row)
                count += 1
                if len(batch) == BATCH:
                    writer.write_table(arrow.Table.from_pylist(batch, shape))
                    batch = []
            writer.write_table(arrow.Table.from_pylist(batch, shape))

    write_atomically(out, write)
    return count


def _rows(run: Finished) -> Iterator[dict[str, Any]]:
    marks: dict[tuple[str, str], Any] = {}
    for name, row in response_rows(run.plan, run.evidence.store):
        place = (name, row["task"])
        if place not in marks:
            marks = {place: run.marks(*place)}  # rows come cell by cell: one in memory
        passed, out_of = marks[place].get((row["key"], row["sample"]), ([], []))
        metrics = [metric.name for metric in run.tasks[row["task"]].metrics]
        scores = [
            {"metric": metric, "passed": done, "out_of": most}
            for metric, done, most in zip(
                metrics, passed, out_of, strict=False
            )  # none where nothing is scored
        ]
        yield row | {"scores": scores}
