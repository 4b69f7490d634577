"""Compares weights that an adapter's file holds whole with the base's own: peft saves many of them just as they were.

    changed = changed_weights(files, fit, base_files)         # of fit.replaces, those with other numbers

It reads safetensors files, a piece at a time, and needs no torch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.engines.adapter_files import AdapterFiles
from assay.engines.adapter_fit import Fit
from assay.engines.adapter_fit.names import is_embedding
from assay.engines.files import Entry, read_header

__all__ = ["changed_weights"]

DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}
PIECE = 2**20
"""Numbers that are compared at once."""
Stored = tuple[Path, Entry]


def changed_weights(files: AdapterFiles, fit: Fit, base: Sequence[Path]) -> tuple[str, ...]:
    """Of the weights that a file holds whole, those whose numbers differ from the base's, or are not to be compared."""
    if not fit.replaces:
        return ()
    own, theirs = _stored(files.weights), _stored(base)
    return tuple(
        name
        for key, name in fit.replaces.items()
        if (place := _find(name, theirs)) is None or not _equal(own[key], place)
    )


def _stored(paths: Sequence[Path]) -> dict[str, Stored]:
    whole = [path for path in paths if path.suffix == ".safetensors"]
    return {name: (path, entry) for path in whole for name, entry in read_header(path).items()}


def _find(name: str, stored: dict[str, Stored]) -> Stored | None:
    """A weight of the base by its name; a checkpoint may lack the words before it, or the output layer that is tied."""
    if name in stored:
        return stored[name]
    alike = [entry for key, entry in stored.items() if name.endswith(f".{key}") or key.endswith(f".{name}")]
    if not alike and name.endswith("lm_head.weight"):
        alike = [entry for key, entry in stored.items() if is_embedding(key.removesuffix(".weight"))]
    return alike[0] if len(alike) == 1 else None


def _equal(first: Stored, second: Stored) -> bool:
    if first[1].shape != second[1].shape or not {first[1].dtype, second[1].dtype} <= set(DTYPES):
        return False
    return all(np.array_equal(*both) for both in zip(_pieces(first), _pieces(second), strict=True))


def _pieces(stored: Stored) -> Iterator[NDArray[Any]]:
    path, entry = stored
    kind = np.dtype(DTYPES[entry.dtype])
    with path.open("rb") as file:
        file.seek(entry.start)
        for begin in range(0, entry.size, PIECE * kind.itemsize):
            content = file.read(min(PIECE * kind.itemsize, entry.size - begin))
            numbers = np.frombuffer(content, kind)
            if entry.dtype == "BF16":
                numbers = (numbers.astype("<u4") << 16).view("<f4")
            yield numbers.astype("<f8")
