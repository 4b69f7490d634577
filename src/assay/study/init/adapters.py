"""Finds adapters on disk, and reads their configurations and model cards. It opens no weights."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from assay.errors import StudyError

__all__ = ["CONFIG", "FoundAdapter", "find_adapters"]

CONFIG = "adapter_config.json"
_CARD = 50_000
"""Characters of a model card that are read: its front matter is at the top."""
_DIGITS = re.compile(r"([0-9]+)")
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


def find_adapters(folder: Path) -> tuple[list[FoundAdapter], list[str]]:
    """The folder itself if it is an adapter, else adapters one or two levels below; and the notes on what was left out.

    Nothing within an adapter's folder counts as another adapter: checkpoints belong to their result. Raises
    StudyError where there is none.
    """
    if not folder.is_dir():
        raise StudyError("no such folder", place=folder, fix="name the one that holds the adapters")
    adapters: list[FoundAdapter] = []
    warnings: list[str] = []
    for place, parts in _places(folder):
        try:
            adapters.append(_read(place, parts))
        except (OSError, ValueError) as bad:
            warnings.append(f"{place / CONFIG}: left out: {bad}")
            continue
        if within := [inner.name for inner in _folders(place) if (inner / CONFIG).is_file()]:
            what = f"{len(within)} more adapters lie" if len(within) > 1 else "another adapter lies"
            warnings.append(
                f"{place}: {what} within it ({within[0]}, ...) and were left out; name that folder"
            )
    if not adapters:
        raise StudyError(
            "; ".join((f"no adapter here: no {CONFIG} in it, nor one or two levels below", *warnings)),
            place=folder,
            fix="name the folder that holds the adapters",
        )
    return adapters, warnings


def _places(folder: Path) -> Iterator[tuple[Path, tuple[str, ...]]]:
    own = folder.resolve().name
    if (folder / CONFIG).is_file():
        yield folder, (own,)
        return
    for inner in _folders(folder):
        if (inner / CONFIG).is_file():
            yield inner, (own, inner.name)
            continue
        for inmost in _folders(inner):
            if (inmost / CONFIG).is_file():
                yield inmost, (own, inner.name, inmost.name)


def _folders(folder: Path) -> list[Path]:
    """Folders in a folder, `s2` before `s10`; hidden ones are left out."""
    try:
        inner = [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
    except OSError:
        return []
    return sorted(
        inner,
        key=lambda path: [part.zfill(20) if part.isdigit() else part for part in _DIGITS.split(path.name)],
    )


def _read(folder: Path, parts: tuple[str, ...]) -> FoundAdapter:
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    if not isinstance(config, dict):
        raise ValueError("is no JSON object")
    card = _card(folder / "README.md")
    return FoundAdapter(folder, parts, config, _texts(card.get("tags")), _texts(card.get("datasets")))


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
