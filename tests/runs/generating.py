"""A study that generates with an engine that answers by a function."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import assay
from assay.engines import Fake, Prompt
from assay.records import Store
from assay.verdicts import Result
from tests.studies import RIGHT, WRONG, examples, table, write_study

COUNT = 200
BASE, GOOD = table(60, 10, COUNT, 60)
_, BAD = table(10, 40, COUNT, 60)
PASSES = {"base": BASE, "good": GOOD, "bad": BAD, "other": GOOD[::-1]}


def answer(request: Prompt) -> str:
    return RIGHT if PASSES[request.subject][int(request.example)] else WRONG


def generating(folder: Path, names: tuple[str, ...] = ("good", "bad"), **fields: Any) -> Path:
    """A study of one numeric task on hub ids, which the fake engine never fetches."""
    examples(folder, COUNT)
    document = {
        "name": "generating",
        "bases": [{"name": "base", "model": "owner/base"}],
        "adapters": [{"name": name, "label": "numeric", "path": f"owner/{name}"} for name in names],
        "tasks": [{"task": "numeric", "name": "math", "examples": "examples.jsonl"}],
        "noise_prompts": COUNT,
        **fields,
    }
    return write_study(folder, document)


def run(study: Path, fake: Fake) -> Result:
    return assay.run(study, study.parent / "run", engine=fake.preflight)


def verdicts(result: Result) -> dict[str, str]:
    return {claim.adapter: claim.verdict for claim in result.claims}


def records(folder: Path) -> list[tuple[Any, ...]]:
    """Everything that a run holds of its responses."""
    with Store.read(folder / "run") as store:
        return [
            (name, task, *row.values()) for name, task in store.bound() for row in store.responses(name, task)
        ]
