"""Finds adapters on disk, and reads their configurations and model cards. It opens no weights."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from assay.adapter_folders import CONFIG, is_adapter, step_of, within
from assay.errors import StudyError

__all__ = ["FoundAdapter", "card_datasets", "find_adapters"]

_CARD = 50_000
"""Characters of a model card that are read: its front matter is at the top."""
_FRONT = re.compile(r"\A---[ \t]*\n(.*?)\n---[ \t]*(?:\n|\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class FoundAdapter:
    """One adapter's folder."""

    folder: Path
    parts: tuple[str, ...]
    """Names of folders that lead to it, the one that was searched first."""
    config: Mapping[str, Any]
    """Its `adapter_config.json`."""
    tags: tuple[str, ...]
    """The tags of its model card."""
    datasets: tuple[str, ...]
    """The data sets that its model card names."""

    @property
    def step(self) -> int | None:
        """Of a checkpoint, by its name in the folder of its training; None of any other adapter."""
        return step_of(self.parts[-1]) if len(self.parts) > 1 else None

    @property
    def training(self) -> tuple[str, ...]:
        """Names of folders that lead to its training: without its own where it is a checkpoint."""
        return self.parts if self.step is None else self.parts[:-1]


def find_adapters(folder: Path, steps: bool = False) -> tuple[list[FoundAdapter], list[str]]:
    """The folder itself if it is an adapter, else adapters one or two levels below; and the notes on what was left out.

    steps: whether checkpoints within an adapter's folder are adapters too; otherwise they belong to their result. Raises
    StudyError where there is none.
    """
    if not folder.is_dir():
        raise StudyError("no such folder", place=folder, fix="name the one that holds the adapters")
    adapters: list[FoundAdapter] = []
    warnings: list[str] = []
    own = folder.resolve().name
    for place in [folder] if is_adapter(folder) else within(folder):
        checkpoints = [inner for inner in within(place, 1) if step_of(inner.name) is not None]
        for adapter in (*(checkpoints if steps else ()), place):
            try:
                adapters.append(_read(adapter, (own, *adapter.relative_to(folder).parts)))
            except (OSError, ValueError) as bad:
                warnings.append(f"{adapter / CONFIG}: left out: {bad}")
        warnings += _left_out(place, set(checkpoints) if steps else set(), bool(checkpoints))
    if not adapters:
        raise StudyError(
            "; ".join((f"no adapter here: no {CONFIG} in it, nor one or two levels below", *warnings)),
            place=folder,
            fix="name the folder that holds the adapters",
        )
    return adapters, warnings


def _left_out(place: Path, listed: set[Path], checkpoints: bool) -> Iterator[str]:
    """The warning about adapters within an adapter's folder that are not listed."""
    names = [inner.name for inner in within(place, 1) if inner not in listed]
    if not names:
        return
    what = f"{len(names)} more adapters lie" if len(names) > 1 else "another adapter lies"
    fix = "give --steps to add checkpoints" if checkpoints and not listed else "name that folder"
    yield f"{place}: {what} within it ({names[0]}, ...) and were left out; {fix}"


def _read(folder: Path, parts: tuple[str, ...]) -> FoundAdapter:
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    if not isinstance(config, dict):
        raise ValueError("is no JSON object")
    tags = _texts(_card(folder / "README.md").get("tags"))
    return FoundAdapter(folder, parts, config, tags, card_datasets(folder))


def card_datasets(folder: Path) -> tuple[str, ...]:
    """The data sets that the model card of an adapter's folder names."""
    return _texts(_card(folder / "README.md").get("datasets"))


def _card(path: Path) -> Mapping[str, Any]:
    """The front matter of a model card; nothing where there is none that can be read."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            front = _FRONT.match(file.read(_CARD))
        data = yaml.safe_load(front[1]) if front else {}
    except (OSError, yaml.YAMLError, ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(entry for entry in value if isinstance(entry, str)) if isinstance(value, Iterable) else ()
