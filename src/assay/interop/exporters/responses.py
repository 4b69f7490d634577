"""Writes a run's responses as JSON Lines, one record a line, for other tools."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assay.files import write_atomically
from assay.plan import Plan
from assay.records import Store
from assay.verdicts.noise import is_again

__all__ = ["export_responses", "response_rows"]


def export_responses(plan: Plan, store: Store, out: Path | None) -> int:
    """Write every response of a run to `out`, or to standard output; how many. Raises OutputError."""
    count = 0

    def counted() -> Iterator[str]:
        nonlocal count
        for _, row in response_rows(plan, store):
            count += 1
            yield json.dumps(row, ensure_ascii=False) + "\n"

    def write(path: Path) -> None:
        with path.open("w", encoding="utf-8") as file:
            file.writelines(counted())

    if out is None:
        sys.stdout.writelines(counted())
    else:
        write_atomically(out, write)
    return count


def response_rows(plan: Plan, store: Store) -> Iterator[tuple[str, dict[str, Any]]]:
    """What the records call a subject, and a row for each of its responses; cell by cell, in file order."""
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
                "prompt": record["prompt"],
                "response": record["response"],
            }
            yield name, row
