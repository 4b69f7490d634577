"""Shows other processes that a run is under way: a thread renews the time of the run's lock file.

It knows no records."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from assay.progress import called_every

__all__ = ["beats", "heartbeat"]

PERIOD = 5.0
"""Seconds between beats."""
LATE = 30.0
"""Seconds after the last beat from which a run counts as stopped."""
FILE = ".lock"


@contextmanager
def heartbeat(folder: Path) -> Iterator[None]:
    """Beat while the body runs."""
    path = folder / FILE

    def beat() -> None:
        with suppress(OSError):
            os.utime(path)

    beat()
    try:
        with called_every(PERIOD, beat):
            yield
    finally:
        with suppress(OSError):
            os.utime(path, (0, 0))


def beats(folder: Path) -> bool:
    """Whether some process writes to the run in a folder, judging by its last beat."""
    try:
        return time.time() - (folder / FILE).stat().st_mtime < LATE
    except OSError:
        return False
