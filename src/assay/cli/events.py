"""Prints the events of a run as they come, a JSON object a line, for programs that follow a command with `--json`.

assay run STUDY.yaml --json 2>events.jsonl >result.json
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

from assay.errors import AssayError
from assay.progress import called_every
from assay.records import Event, Store

__all__ = ["EventLines", "print_events"]

PERIOD = 2.0
"""Seconds between looks."""


class EventLines:
    """The events of the run in a folder that come after those which it holds now."""

    def __init__(self, folder: Path, write: Callable[[str], object] | None = None) -> None:
        """Lines go to `write`, standard error unless given."""
        self._folder = folder
        self._write = write or (lambda text: sys.stderr.write(text))
        self._since = max((event.id for event in self._events(0)), default=0)

    def __call__(self) -> None:
        """Print what is new."""
        for event in self._events(self._since):
            self._write(json.dumps(asdict(event), ensure_ascii=False) + "\n")
            self._since = event.id

    def _events(self, since: int) -> list[Event]:
        with suppress(AssayError), Store.read(self._folder) as store:  # there may be no run yet
            return store.events(since)
        return []


@contextmanager
def print_events(folder: Path) -> Iterator[None]:
    """Print the events of a run while the body runs, and those that are left at its end."""
    lines = EventLines(folder)
    try:
        with called_every(PERIOD, lines):
            yield
    finally:
        lines()
