"""The function that long work calls to report its progress, and what is called beside such work.

It knows no terminal: the command line draws progress.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Protocol

__all__ = ["Progress", "called_every", "duration", "silent"]


class Progress(Protocol):
    """Reports how far some work is."""

    def __call__(
        self, what: str, done: int, total: int, note: str = "", part: str = "", left: str = ""
    ) -> None:
        """`done` of `total` of `what`; `note` is printed beside it (`412 tokens/s`).

        `part` names a part of the work (one subject on one task), to which `done` and `total` then refer;
        empty for the whole. `left` is the time left in words (`at most 6 min left`), where it is known better than by
        the share that is done.
        """


def silent(what: str, done: int, total: int, note: str = "", part: str = "", left: str = "") -> None:
    """Show nothing."""


def duration(seconds: float) -> str:
    """`40 s`, `6 min`, `2 h 5 min`."""
    if seconds < 59.5:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


@contextmanager
def called_every(seconds: float, function: Callable[[], None]) -> Iterator[None]:
    """Call a function every so many seconds while the body runs, in a thread; it must not raise."""
    ended = Event()

    def call() -> None:
        while not ended.wait(seconds):
            function()

    thread = Thread(target=call, name="assay-every", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
