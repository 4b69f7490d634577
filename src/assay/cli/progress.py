"""How far long work is: bars on a terminal, plain lines elsewhere, both on standard error.

It is told and asks nothing: it knows no engine, task or store. Every call costs the same, however many
parts there are; bars look at the parts only when they are drawn. To see the lines of a run:
`assay run STUDY.yaml 2>&1 | cat`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice
from threading import Lock
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from assay.text import plain

if TYPE_CHECKING:
    from assay.progress import Progress

__all__ = ["Bars", "Lines", "show_progress"]

MOST_PARTS = 20
"""Parts with a bar of their own; the rest share one."""
SILENCE = 60.0
"""Seconds after which a line is printed though no tenth was reached."""


@contextmanager
def show_progress(
    now: Callable[[], float] = time.monotonic, console: Console | None = None
) -> Iterator[Progress]:
    """Bars with note and time left on a terminal; elsewhere lines, at least one a minute while work is told of."""
    console = console or Console(stderr=True)
    if not console.is_terminal or console.is_dumb_terminal:
        yield Lines(now)
        return
    bars = Bars(now)
    with Live(bars, console=console, refresh_per_second=4, transient=True):
        yield bars


@dataclass(slots=True)
class _Pace:
    """How far the whole is, since when."""

    began: float
    first: int
    """Done when it was first told: what was there before says nothing of the pace."""
    done: int
    total: int
    note: str

    @property
    def complete(self) -> bool:
        return self.done >= self.total

    def beside(self, now: float) -> str:
        """`412 tokens/s, 6 min left`; empty where neither is known."""
        gone = self.done - self.first
        left = ""
        if gone > 0 and now > self.began and not self.complete:
            left = f"{_duration((now - self.began) * (self.total - self.done) / gone)} left"
        return ", ".join(part for part in (plain(self.note), left) if part)


def _paced(known: _Pace | None, now: float, done: int, total: int, note: str) -> _Pace:
    """The pace after one more call; work that falls back has begun anew."""
    if known is None or done < known.done:
        return _Pace(now, done, done, total, note)
    return _Pace(known.began, known.first, done, total, note)


def _duration(seconds: float) -> str:
    """`40 s`, `6 min`, `2 h 5 min`."""
    if seconds < 59.5:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


class Lines:
    """A line at every tenth of the whole, one when a part is complete, and one a minute at least."""

    def __init__(self, now: Callable[[], float], write: Callable[[str], object] | None = None) -> None:
        """Lines go to `write`, standard error unless given; `now` is a clock in seconds."""
        self._now = now
        self._write = write or (lambda text: sys.stderr.write(text))
        self._paces: dict[str, _Pace] = {}
        self._told: dict[str, tuple[int, float]] = {}
        """The tenth that was printed last, and when."""
        self._complete: set[tuple[str, str]] = set()

    def __call__(self, what: str, done: int, total: int, note: str = "", part: str = "") -> None:
        """Take note, and print what is due."""
        now = self._now()
        if not part:
            known = self._paces.get(what)
            if known is not None and done < known.done:
                del self._told[what]
                self._complete = {entry for entry in self._complete if entry[0] != what}
            self._paces[what] = _paced(known, now, done, total, note)
        elif done >= total > 0 and (what, part) not in self._complete:
            self._complete.add((what, part))
            self._write(f"{plain(part)}: all {total:,}\n")
        if what in self._paces:
            self._whole(what, self._paces[what], now)

    def _whole(self, what: str, pace: _Pace, now: float) -> None:
        tenth = 10 * pace.done // max(pace.total, 1)
        last, when = self._told.get(what, (-1, now))
        if tenth > last or (now - when >= SILENCE and not pace.complete):
            self._told[what] = tenth, now
            beside = pace.beside(now)
            self._write(f"{plain(what)}: {pace.done:,} of {pace.total:,}{f' ({beside})' if beside else ''}\n")


@dataclass(slots=True)
class _Work:
    """One kind of work on the terminal: the whole and its parts, by name in the order they were told."""

    pace: _Pace | None = None
    open: dict[str, tuple[int, int]] = field(default_factory=dict)
    closed: dict[str, tuple[int, int]] = field(default_factory=dict)
    done: int = 0
    """Over all parts, like `total`: kept, so that nothing is summed when drawing."""
    total: int = 0

    def tell(self, part: str, done: int, total: int) -> None:
        old = self.open.pop(part, None) if done >= total else self.open.get(part)
        old = old or self.closed.pop(part, (0, 0))
        self.done += done - old[0]
        self.total += total - old[1]
        (self.closed if done >= total else self.open)[part] = done, total

    def shown(self, most: int) -> list[tuple[str, int, int]]:
        """So many parts: those under way, those to come, then those complete, the latest first."""
        order = chain(
            (item for item in self.open.items() if item[1][0]),
            (item for item in self.open.items() if not item[1][0]),
            reversed(self.closed.items()),
        )
        return [(name, *state) for name, state in islice(order, most)]


class Bars:
    """A bar for each kind of work and, beneath it, for its parts while it lasts. Drawn when asked, by any thread."""

    def __init__(self, now: Callable[[], float]) -> None:
        """`now` is a clock in seconds."""
        self._now = now
        self._works: dict[str, _Work] = {}
        self._lock = Lock()

    def __call__(self, what: str, done: int, total: int, note: str = "", part: str = "") -> None:
        """Take note; nothing is drawn here."""
        with self._lock:
            work = self._works.setdefault(what, _Work())
            if part:
                work.tell(part, done, total)
                return
            if work.pace is not None and done < work.pace.done:
                work = self._works[what] = _Work()
            work.pace = _paced(work.pace, self._now(), done, total, note)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The bars, as many as the terminal has lines for."""
        grid = Table.grid(padding=(0, 1), expand=True)
        grid.add_column(no_wrap=True, overflow="ellipsis", max_width=max(12, options.max_width * 2 // 5))
        grid.add_column(ratio=1, min_width=6)
        grid.add_column(no_wrap=True, justify="right")
        with self._lock:
            room = min(MOST_PARTS, console.height - 2 * len(self._works) - 2)
            for what, work in self._works.items():
                room -= self._draw(grid, what, work, max(0, room))
        yield grid

    def _draw(self, grid: Table, what: str, work: _Work, room: int) -> int:
        """Add one kind of work. Returns how many of its parts have a bar."""
        pace = work.pace or _Pace(self._now(), work.done, work.done, work.total, "")
        _row(grid, plain(what), pace.done, pace.total)
        if beside := pace.beside(self._now()):
            grid.add_row("", Text(beside, no_wrap=True, overflow="ellipsis"))
        if work.pace is not None and pace.complete:
            return 0
        parts = work.shown(room)
        for name, done, total in parts:
            _row(grid, f"  {plain(name)}", done, total)
        if rest := len(work.open) + len(work.closed) - len(parts):
            done = work.done - sum(part[1] for part in parts)
            total = work.total - sum(part[2] for part in parts)
            _row(grid, f"  and {rest:,} more", done, total)
        return len(parts)


def _row(grid: Table, name: str, done: int, total: int) -> None:
    bar = ProgressBar(total=max(total, 1), completed=done)
    grid.add_row(Text(name), bar, f"{done:,}/{total:,}")
