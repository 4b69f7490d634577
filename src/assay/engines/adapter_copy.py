"""Writes an adapter of another form as peft saves it, where a loader has to read it as a folder. It needs no torch.

with loadable(files, fit) as folder: ...       # the adapter's own folder, or a copy that is removed afterwards
"""

from __future__ import annotations

import json
import struct
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from assay.engines.adapter_files import CONFIG, PICKLE, WEIGHTS, AdapterFiles
from assay.engines.adapter_fit import Fit, Move
from assay.engines.files import Entry, read_header
from assay.errors import EngineError

__all__ = ["loadable", "write_copy"]


@contextmanager
def loadable(files: AdapterFiles, fit: Fit) -> Iterator[Path]:
    """A folder that peft reads, for as long as the block lasts. Raises EngineError for a pickle of another form."""
    if fit.moves is None:
        yield files.folder
        return
    with tempfile.TemporaryDirectory(prefix="assay-") as place:
        yield write_copy(files, fit, Path(place) / "adapter")


def write_copy(files: AdapterFiles, fit: Fit, folder: Path) -> Path:
    """Write configuration and weights under the names that peft reads into a new folder; gives the folder."""
    if files.weights[0].name == PICKLE:
        raise EngineError(
            f"{files.weights[0]} is a pickle, and its tensors' names are not peft's",
            fix=f"save it as {WEIGHTS}",
        )
    folder.mkdir(parents=True)
    (folder / CONFIG).write_text(json.dumps(dict(fit.config), indent=2), encoding="utf-8")
    _write_weights(files, fit.moves or {name: Move(name) for name in files.tensors}, folder / WEIGHTS)
    return folder


def _write_weights(files: AdapterFiles, moves: Mapping[str, Move], path: Path) -> None:
    entries = [
        (file, entry, moves[name])
        for file in files.weights
        for name, entry in read_header(file).items()
        if name in moves
    ]
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    place = 0
    for _, entry, move in entries:
        shape = entry.shape[::-1] if move.turned else entry.shape
        header[move.name] = {
            "dtype": entry.dtype,
            "shape": shape,
            "data_offsets": [place, place + entry.size],
        }
        place += entry.size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for file, entry, move in entries:
            out.write(_content(file, entry, turned=move.turned))


def _content(file: Path, entry: Entry, *, turned: bool) -> bytes:
    """The bytes of one tensor."""
    with file.open("rb") as source:
        source.seek(entry.start)
        content = source.read(entry.size)
    if not turned or 0 in entry.shape:
        return content
    rows, columns = entry.shape
    each = entry.size // (rows * columns)
    numbers = np.frombuffer(content, np.dtype((np.void, each))).reshape(rows, columns)
    return np.ascontiguousarray(numbers.T).tobytes()
