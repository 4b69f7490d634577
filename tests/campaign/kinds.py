"""What a kind of hostile input is: whole files to start from, and the part of assay that reads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["KEPT", "Files", "Kind", "write"]

Files = Mapping[str, bytes]
"""Content of each file by its name."""
KEPT = "="
"""A file whose name begins with this is never damaged."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of input."""

    name: str
    whole: Callable[[], Sequence[Files]]
    """Sets of undamaged files; each input is one of them with damage in it."""
    feed: Callable[[Files, Path], object]
    """Gives an input to assay; the folder is empty, and the only place that may be written to.

    An AssayError is a refusal, which is right. Any other exception is a fault.
    """
    weight: float = 1.0
    """Its share of the inputs."""
    warm: int | None = None
    """How many of the whole sets are fed before the limits hold, so that what loads late is loaded; None: all."""
    scenes: int = 0
    """Inputs a round, for what needs whole runs: they start processes and connections and have minutes, not a second."""


def write(files: Files, folder: Path) -> None:
    """Put an input's files into a folder."""
    for name, content in files.items():
        path = folder / name.removeprefix(KEPT)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
