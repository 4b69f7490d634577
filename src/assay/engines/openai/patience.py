"""What is tried again, and when: full jitter between tries, and never sooner than a server asks for.

A server that refuses for lack of room is asked less at once: the valve halves with each wave of refusals, and
opens again by one for each round of answers.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from threading import Condition

__all__ = ["BROKEN", "CROWDED", "PASSING", "LostError", "Patience", "Valve", "asked_wait"]

PASSING = frozenset((408, 424, 425, 429, 500, 502, 503, 504, 529))
"""States of a server that pass; 424 is how TGI and LoRAX say that a generation failed."""
CROWDED = frozenset((429, 503, 529))
"""Those that say that it has too much to do."""


BROKEN = 3
"""Times that a server may fail inside (500) over one request: mostly it would again."""


class LostError(Exception):
    """No usable answer came, and one may come later: a time-out, a dropped connection, half an answer."""

    def __init__(self, reason: str, *, wait: float = 0.0, crowded: bool = False, tries: int = 1000) -> None:
        super().__init__(reason)
        self.tries = tries
        """How often this may happen to one request."""
        self.reason = reason
        self.wait = wait
        """Seconds that the server asks to be left alone, at least."""
        self.crowded = crowded


def _draw() -> Callable[[float, float], float]:
    return random.Random().uniform  # noqa: S311 - spreads tries over time, decides no result


@dataclass(frozen=True, slots=True)
class Patience:
    """How often one request is tried again, and after how long."""

    retries: int = 8
    first: float = 0.5
    """Seconds that the first wait is at most; each next one twice as long."""
    longest: float = 60.0
    """Seconds that a wait is at most, beside what the server asks for."""
    limit: float = 600.0
    """Seconds that a server may ask for; beyond, the study is left to be resumed."""
    draw: Callable[[float, float], float] = field(default_factory=_draw)
    """Uniform between two numbers."""

    def delay(self, attempt: int, asked: float) -> float:
        """Seconds before the try after `attempt` (from 0): full jitter, on top of what the server asks for."""
        return asked + self.draw(0.0, min(self.longest, self.first * 2 ** min(attempt, 30)))


def asked_wait(headers: Mapping[str, str], now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> float:
    """Seconds that `retry-after` asks for, given as seconds or as a date; 0 where it is absent or no such thing."""
    text = headers.get("retry-after", "").strip()
    if not text:
        return 0.0
    try:
        seconds = float(text)
    except ValueError:
        try:
            when = parsedate_to_datetime(text)
        except ValueError:
            return 0.0
        seconds = (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() - now().timestamp()
    return seconds if 0 < seconds < float("inf") else 0.0


class Valve:
    """Lets so many requests through at once: fewer after refusals, more after answers."""

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
