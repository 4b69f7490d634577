"""Damaged run folders: a database, a study and findings that are not what assay wrote."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from assay import audit
from assay.records import Store
from tests.campaign.kinds import Files, Kind, write
from tests.studies import one_task_study, table

__all__ = ["KINDS"]


def _whole() -> Sequence[Files]:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        base, adapter = table(3, 1, 8, 4)
        audit.run(one_task_study(folder, base, {"a": adapter}), folder / "run")
        run = folder / "run"
        return [
            {name: (run / name).read_bytes() for name in ("records.sqlite", "study.yaml", "verdicts.json")}
        ]


def _read(files: Files, folder: Path) -> None:
    write(files, folder)
    with Store.read(folder, untouched=True) as store:
        json.dumps(store.manifest.study)
        for name, task in store.bound():
            for row in store.responses(name, task):
                json.dumps(row)


def _decide(files: Files, folder: Path) -> None:
    write(files, folder)
    audit.decide(folder)


KINDS = (Kind("records files", _whole, _read), Kind("run folders", _whole, _decide, weight=0.3))
