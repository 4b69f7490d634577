"""Runs long work that may be interrupted: shows its progress, and on Ctrl-C says what is kept."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from assay.cli.events import print_events
from assay.cli.progress import show_progress
from assay.engines.api import AGAIN
from assay.errors import AssayError
from assay.progress import Progress
from assay.records import Store

__all__ = ["Following", "Stopped", "follow"]

FROM_BEFORE = "responses kept from before"
"""What a run calls the responses that it finds in its folder."""


class Stopped(Exception):  # noqa: N818 - not an error
    """The user interrupted a command; the message says what is kept."""


@contextmanager
def follow(folder: Path, json: bool = False) -> Iterator[Progress]:
    """Show the progress of a run in `folder`. Raises Stopped in place of KeyboardInterrupt.

    json: elsewhere than on a terminal, print the run's events instead, a JSON object a line.
    """
    following = Following(folder)
    try:
        if json and not sys.stderr.isatty():
            with print_events(folder):
                yield following
            return
        with show_progress() as progress:
            following.progress = progress
            yield following
    except KeyboardInterrupt:
        raise Stopped(following.stopped()) from None


class Following:
    """Passes on the progress of a run, and remembers how far it was."""

    def __init__(self, folder: Path, progress: Progress | None = None) -> None:
        self.progress = progress
        self._folder = folder
        self._before = 0
        """Responses that were kept from an earlier start."""
        self._missing: int | None = None
        """Responses that this start generates; None until it says."""

    def __call__(
        self, what: str, done: int, total: int, note: str = "", part: str = "", left: str = ""
    ) -> None:
        """Remember and show it."""
        if what == FROM_BEFORE:
            self._before = done
        elif what == "responses" and not part:
            self._missing = total
        if self.progress is not None:
            self.progress(what, done, total, note, _in_words(part), left)

    def stopped(self) -> str:
        """What an interrupted run leaves, from its records."""
        kept = self._kept()
        if not kept:
            return f"stopped before the first response was kept in {self._folder}; run the same command again"
        of = "" if self._missing is None else f" of {self._before + self._missing:,}"
        verb = "is" if kept == 1 else "are"
        noun = "response" if kept == 1 and not of else "responses"
        return f"stopped: {kept:,}{of} {noun} {verb} kept in {self._folder}; the same command continues from there"

    def _kept(self) -> int | None:
        """None where there is no run."""
        with suppress(AssayError), Store.read(self._folder) as store:
            return store.count()
        return None


def _in_words(part: str) -> str:
    """`gsm8k: base/again` as `gsm8k: base, second pass`."""
    name, _, variant = part.rpartition("/")
    if variant == AGAIN:
        return f"{name}, second pass"
    words = {"template": "under the template", "end": "ended by the token"}
    parts = [piece.partition(":") for piece in variant.split("+")]
    if all(kind in words for kind, _, _ in parts):
        return ", ".join((name, *(f"{words[kind]} {value}" for kind, _, value in parts)))
    return part
