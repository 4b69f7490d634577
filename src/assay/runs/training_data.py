"""What is known of the data that adapters were trained on: whether it holds the prompts that a study asks.

    training_data(study, examples)[0].repeated          # {"math": 0}

`assay train` writes the overlap into an adapter's folder; of any other adapter the card names its datasets at
best. It opens no weights and no data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.engines.files import json_sha256, read_object
from assay.errors import EngineError
from assay.study import Study
from assay.study.init.adapters import card_datasets
from assay.tasks import Example

__all__ = ["TrainingData", "training_data"]

MANIFEST = "training.json"


@dataclass(frozen=True, slots=True)
class TrainingData:
    """The data of one adapter, as far as it is known."""

    adapter: str
    repeated: Mapping[str, int]
    """By task, how many of its prompts are in the data."""
    unknown: tuple[str, ...]
    """Tasks of which it is not known."""
    datasets: tuple[str, ...]
    """What it was trained on, as its manifest or its card names it; empty where neither does."""


def training_data(study: Study, examples: Mapping[str, Sequence[Example]]) -> tuple[TrainingData, ...]:
    """Of each adapter that has a path. examples: those that are asked, by task; without tasks that cannot be read."""
    prompts = {name: json_sha256([example.prompt for example in given]) for name, given in examples.items()}
    tasks = [task.name for task in study.tasks]
    known = []
    for adapter in study.adapters:
        if adapter.path is not None:
            place = study.source(adapter.path)
            folder = place / (adapter.folder or "") if isinstance(place, Path) else None
            known.append(_known(adapter.name, folder, prompts, tasks))
    return tuple(known)


def _known(
    adapter: str, folder: Path | None, prompts: Mapping[str, str], tasks: Sequence[str]
) -> TrainingData:
    data = _trained(folder) if folder else {}
    overlaps = data.get("overlaps") or {}
    repeated = {
        task: int(overlaps[task]["repeated"])
        for task in tasks
        if task in overlaps and overlaps[task]["sha256"] == prompts.get(task)
    }
    datasets = tuple(data.get("sources") or ()) or (card_datasets(folder) if folder else ())
    return TrainingData(adapter, repeated, tuple(task for task in tasks if task not in repeated), datasets)


def _trained(folder: Path) -> Mapping[str, Any]:
    """What `assay train` wrote of an adapter's data; empty where it did not make the adapter."""
    try:
        data = read_object(folder / MANIFEST).get("data")
    except EngineError:
        return {}
    return data if isinstance(data, dict) else {}
