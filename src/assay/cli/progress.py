"""Shows the progress of long work: bars on a terminal, plain lines elsewhere, both on standard error.

It knows no engine, task or store. To see the lines of a run: `assay run STUDY.yaml 2>&1 | cat`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

from rich.console import Console, RenderableType
from rich.progress import BarColumn, ProgressColumn, Task, TaskID, TextColumn
from rich.progress import Progress as RichProgress
from rich.table import Column
from rich.text import Text

from assay.progress import called_every, duration
from assay.text import plain

if TYPE_CHECKING:
    from assay.progress import Progress

__all__ = ["Bars", "Lines", "show_progress"]

MOST_PARTS = 20
"""Parts with a bar of their own; the rest share one."""
SILENCE = 25.0
"""Seconds after which a line is printed though no tenth was reached."""
PERIOD = 1.0
"""Seconds between checks for that, while the work itself says nothing."""


@contextmanager
def show_progress(
    now: Callable[[], float] = time.monotonic, console: Console | None = None
) -> Iterator[Progress]:
    """Bars with note and time left on a terminal; elsewhere lines, at least one in 30 seconds while work goes on."""
    console = console or Console(stderr=True)
    if not console.is_terminal or console.is_dumb_terminal:
        lines = Lines(now)
        with called_every(PERIOD, lines.remind):
            yield lines
        return
    with Bars(now, console) as bars:
        yield bars


def _beside(note: str, left: str, seconds: float | None) -> str:
    """`412 tokens/s, 6 min left`: as the work says, or by the share that is done; empty where nothing is known."""
    left = left or (f"{duration(seconds)} left" if seconds else "")
    return ", ".join(part for part in (plain(note), left) if part)


@dataclass(slots=True)
class _Whole:
    """One kind of work, as lines report it."""

    began: float
    first: int
    """Done at the first call: what was there before says nothing of the pace."""
    done: int = 0
    total: int = 0
    note: str = ""
    left: str = ""
    tenth: int = -1
    """The one that was printed last, and when."""
    printed: float = 0.0


class Lines:
    """A line at every tenth of the whole, one when a part is complete, and one in SILENCE at least."""

    def __init__(self, now: Callable[[], float], write: Callable[[str], object] | None = None) -> None:
        """Lines go to `write`, standard error unless given; `now` is a clock in seconds."""
        self._now = now
        self._write = write or (lambda text: sys.stderr.write(text))
        self._wholes: dict[str, _Whole] = {}
        self._complete: set[tuple[str, str]] = set()
        self._last = ""
        """The work that was reported last."""
        self._lock = Lock()

    def __call__(
        self, what: str, done: int, total: int, note: str = "", part: str = "", left: str = ""
    ) -> None:
        """Take note, and print what is due."""
        now = self._now()
        with self._lock:
            self._last = what
            whole = self._wholes.get(what)
            if not part:
                if whole is None or done < whole.done:  # work that falls back has started again
                    whole = self._wholes[what] = _Whole(now, done)
                    self._complete = {entry for entry in self._complete if entry[0] != what}
                whole.done, whole.total, whole.note, whole.left = done, total, note, left
            elif done >= total > 0 and (what, part) not in self._complete:
                self._complete.add((what, part))
                self._write(f"{plain(part)}: all {total:,}\n")
            if whole is not None:
                self._report(what, whole, now)

    def remind(self) -> None:
        """Print the line of the work that was reported last, if it is due."""
        with self._lock:
            if (whole := self._wholes.get(self._last)) is not None:
                self._report(self._last, whole, self._now())

    def _report(self, what: str, whole: _Whole, now: float) -> None:
        tenth = 10 * whole.done // max(whole.total, 1)
        complete = whole.done >= whole.total
        if tenth <= whole.tenth and (now - whole.printed < SILENCE or complete):
            return
        whole.tenth, whole.printed = tenth, now
        gone = whole.done - whole.first
        left = (now - whole.began) * (whole.total - whole.done) / gone if gone else None
        beside = _beside(whole.note, whole.left, left)
        self._write(f"{plain(what)}: {whole.done:,} of {whole.total:,}{f' ({beside})' if beside else ''}\n")


class _Beside(ProgressColumn):
    """Note and time left of the whole."""

    def render(self, task: Task) -> Text:
        seconds = None if task.fields["part"] else task.time_remaining
        return Text(_beside(task.fields["note"], task.fields["left"], seconds))


class Bars(RichProgress):
    """A bar for each kind of work and, beneath it, for its parts while it lasts."""

    def __init__(self, now: Callable[[], float], console: Console) -> None:
        """`now` is a clock in seconds."""
        self._screen = console  # Live asks for the bars while it is made
        name = Column(no_wrap=True, overflow="ellipsis", max_width=max(12, console.width * 2 // 5))
        super().__init__(
            TextColumn("{task.description}", markup=False, table_column=name),
            BarColumn(None, table_column=Column(ratio=1, min_width=6)),
            TextColumn("{task.completed:,.0f}/{task.total:,.0f}", table_column=Column(no_wrap=True)),
            _Beside(table_column=Column(no_wrap=True, overflow="ellipsis")),
            console=console,
            refresh_per_second=4,
            speed_estimate_period=float("inf"),  # rich forgets samples of slow work otherwise
            transient=True,
            get_time=now,
            expand=True,
        )
        self._known: dict[tuple[str, str], tuple[TaskID, int]] = {}

    def __call__(
        self, what: str, done: int, total: int, note: str = "", part: str = "", left: str = ""
    ) -> None:
        """Take note; nothing is drawn here."""
        fields: dict[str, Any] = {"total": total, "completed": done, "note": note, "what": what, "part": part}
        fields["left"] = left
        with self._lock:
            bar, before = self._known.get((what, part), (None, 0))
            if bar is None:
                bar = self.add_task(f"  {plain(part)}" if part else plain(what), **fields)
            elif done < before:  # work that falls back has started again
                self.reset(bar, **fields)
            self.update(bar, **fields)
            self._known[what, part] = bar, done

    def refresh(self) -> None:
        """Nothing: a thread draws four times a second, so that a call costs the same with thousands of parts."""

    def get_renderables(self) -> Iterable[RenderableType]:
        """The bars, as many as the terminal has lines for."""
        wholes = [task for task in self.tasks if not task.fields["part"]]
        room = min(MOST_PARTS, self._screen.height - len(wholes) - 2)
        rows: list[Task] = []
        for whole in wholes:
            parts = [] if whole.finished else self._parts(whole.fields["what"], max(0, room))
            room -= len(parts)
            rows += [whole, *parts]
        yield self.make_tasks_table(rows)

    def _parts(self, what: str, most: int) -> list[Task]:
        """So many parts, those under way first, those complete last; and one bar for the rest."""
        parts = [task for task in self.tasks if task.fields["what"] == what and task.fields["part"]]
        parts.sort(key=lambda task: (task.finished, not task.completed))
        rest = parts[most:]
        if not rest:
            return parts
        total = sum(task.total or 0 for task in rest)
        done = sum(task.completed for task in rest)
        fields = {"note": "", "left": "", "part": "more"}
        more = Task(TaskID(-1), f"  and {len(rest):,} more", total, done, self.get_time, fields=fields)
        return [*parts[:most], more]
