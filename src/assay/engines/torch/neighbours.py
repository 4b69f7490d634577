"""Threads that wait for each other spin for a moment; while other processes keep the cores busy, they sleep at once.

On quiet cores spinning makes decoding some 1.4 times as fast; beside a busy process it halves the speed
(`benchmarks/waiting.py`). libgomp reads how long to spin once, when torch is imported. It does not spin at all, though,
while it has more threads than there are cores: so an idle team of threads decides while work runs.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from assay.cores import busy_elsewhere

__all__ = ["IdleTeam", "minding_neighbours"]

LISTEN = 2.0
"""Seconds over which the cores are watched."""
CROWDED, QUIET = 0.5, 0.25
"""Cores that others keep busy: from where threads sleep at once, and from where they spin again."""
DIVIDED = 2**18
"""Elements of a tensor that torch divides among all threads."""


@contextmanager
def minding_neighbours() -> Iterator[None]:
    """Watch the other processes on the cores while the block runs."""
    ended = threading.Event()
    watch = threading.Thread(target=_watch, args=(ended,), name="neighbours", daemon=True)
    watch.start()
    try:
        yield
    finally:
        ended.set()
        watch.join()


def _watch(ended: threading.Event) -> None:
    team = IdleTeam()
    while not ended.is_set():
        team.follow(busy_elsewhere(LISTEN, sleep=ended.wait))
    team.follow(0)


class IdleTeam:
    """Threads that do nothing, held while others use the cores."""

    def __init__(self) -> None:
        self._holder: threading.Thread | None = None
        self._quiet = threading.Event()

    @property
    def held(self) -> bool:
        """Whether threads are held."""
        return self._holder is not None

    def follow(self, busy: float) -> None:
        """Hold the team or let it go, as others keep so many cores busy."""
        if self._holder is None and busy >= CROWDED:
            self._quiet.clear()
            self._holder = threading.Thread(target=self._hold, name="idle team", daemon=True)
            self._holder.start()
        elif self._holder is not None and busy < QUIET:
            self._quiet.set()
            self._holder.join()
            self._holder = None

    def _hold(self) -> None:
        torch.ones(DIVIDED).add_(1)  # the threads that do this end with the one that asked for them
        self._quiet.wait()
