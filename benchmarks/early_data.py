"""Real responses for `benchmarks/early.py`: one study of recorded responses, scored once."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import assay
from assay.runs import Run

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Cell:
    """One adapter on one metric, prompt by prompt in file order."""

    differences: Floats
    """(pool,) checks passed by the adapter less those passed by the base."""
    weights: Floats
    """(pool,) checks of each prompt."""


@dataclass(frozen=True, slots=True)
class Responses:
    """What the replay needs of a study."""

    pool: int
    """Prompts."""
    of: dict[str, dict[str, Cell]]
    """By metric and adapter."""
    length: dict[str, Floats]
    """By subject: (pool,) characters generated."""
    base: str


def read(study: Path, task: str, metrics: Sequence[str]) -> Responses:
    """Score a study of one base and recorded responses, and read it back prompt by prompt."""
    with tempfile.TemporaryDirectory() as folder:
        assay.run(study, folder)
        with Run.open(Path(folder)) as run:
            bound, tasks, store = run.plan, run.tasks, run.records
            known = [one.name for one in tasks[task].metrics]
            (base,) = (one.name for one in bound.bases)
            names = [base, *(adapter.name for adapter in bound.adapters)]
            scores, length = {}, {}
            for name in names:
                found = store.scores(name, task, tasks[task].scorer)
                if found is None:
                    raise SystemExit(f"{study}: {name} has no complete set of responses to {task}")
                scores[name] = found
                texts = (row["text"] or "" for row in store.responses(name, task))
                length[name] = np.array([float(len(text)) for text in texts])

    def cell(name: str, metric: str) -> Cell:
        passed, before = (scores[one].passed[:, 0, known.index(metric)] for one in (name, base))
        weights = scores[base].out_of[:, 0, known.index(metric)]
        return Cell((passed - before).astype(np.float64), weights.astype(np.float64))

    cells = {metric: {name: cell(name, metric) for name in names[1:]} for metric in metrics}
    return Responses(len(length[base]), cells, length, base)
