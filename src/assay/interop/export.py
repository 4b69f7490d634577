"""Writes a run's responses as JSON Lines, one record a line, for other tools."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from assay.records import Store
from assay.report.files import write_atomically
from assay.study import load_study

__all__ = ["export_responses"]


def export_responses(folder: Path, out: Path | None) -> None:
    """Write every response of the run to `out`, or to standard output. Raises RunError or OutputError."""
    with Store.read(folder) as store:
        if out is None:
            sys.stdout.writelines(_lines(folder, store))
            return

        def write(path: Path) -> None:
            with path.open("w", encoding="utf-8") as file:
                file.writelines(_lines(folder, store))

        write_atomically(out, write)


def _lines(folder: Path, store: Store) -> Iterator[str]:
    study = load_study(folder / "study.yaml", check_files=False)
    bases = {adapter.name: adapter.base for adapter in study.adapters}
    for name, task in store.bound():
        subject = store.subject(name, task)
        for record in store.responses(name, task):
            row = {
                "subject": subject,
                "base": bases.get(name, name),
                "adapter": name if name in bases else None,
                "task": task,
                "key": record["key"],
                "sample": record["sample"],
                "prompt": record["prompt"],
                "response": record["response"],
            }
            yield json.dumps(row, ensure_ascii=False) + "\n"
