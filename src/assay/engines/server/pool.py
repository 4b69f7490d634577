"""Many requests at once: results as they arrive, none lost, and fewer at once after a server ran out of capacity.

It knows no HTTP."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from threading import Condition
from typing import TypeVar

__all__ = ["Valve", "spread"]

T = TypeVar("T")
R = TypeVar("R")


class Valve:
    """Limits the requests at a server: half as many after a wave of refusals, one more after a round of answers."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.limit = float(width)
        self.busy = 0
        self.answers = 0
        """Requests answered so far: while it grows, the server works its way through the crowd."""
        self._wave = 0
        self._free = Condition()

    @contextmanager
    def through(self) -> Iterator[int]:
        """Wait for a place and hold it; yields the wave that it belongs to."""
        with self._free:
            self._free.wait_for(lambda: self.busy < int(self.limit))
            self.busy += 1
            wave = self._wave
        try:
            yield wave
        finally:
            with self._free:
                self.busy -= 1
                self._free.notify_all()

    def narrow(self, wave: int) -> None:
        """Half as many from now on; refusals of one wave count once."""
        with self._free:
            if wave == self._wave:
                self._wave += 1
                self.limit = max(1.0, self.limit / 2)

    def widen(self) -> None:
        """One more after as many answers as there are places."""
        with self._free:
            self.answers += 1
            self.limit = min(float(self.width), self.limit + 1 / self.limit)
            self._free.notify_all()


def spread(
    work: Callable[[T], R],
    items: Iterable[T],
    width: int,
    drop: Callable[[], None],
    following: Callable[[R], Iterable[T]] = lambda _: (),
) -> Generator[R, None, None]:
    """Yield `work(item)` of each item, in whatever order they come, `width` at a time.

    `following` says which items a result brings, which come before those that are not taken yet. Items are taken as results are: at most `width` wait beside those under way. Where one fails, no more are
    taken, what was under way is yielded, and then the first failure is raised. `drop` must end what is under
    way; it is called if the results are no longer wanted.
    """
    brought: deque[T] = deque()
    source = iter(items)
    pending: set[Future[R]] = set()
    failures: list[BaseException] = []
    exhausted = finished = False
    pool = ThreadPoolExecutor(width, thread_name_prefix="assay")
    try:
        while pending or brought or not exhausted:
            while (brought or not exhausted) and len(pending) < 2 * width:
                try:
                    pending.add(pool.submit(work, brought.popleft() if brought else next(source)))
                except StopIteration:
                    exhausted = True
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                if bad := future.exception():
                    failures.append(bad)
                else:
                    result = future.result()
                    yield result
                    brought.extend(following(result))
            if failures:
                brought.clear()
                if not exhausted:
                    exhausted = True
                    pending = {future for future in pending if not future.cancel()}
        finished = True
    finally:
        if not finished:
            drop()
        pool.shutdown(wait=True, cancel_futures=True)
    if failures:
        raise failures[0]
