"""Counts responses and tokens as they arrive, in total and by subject and task, and estimates the time left.

It knows no engine and no terminal."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from assay.engines import Completion, Partial, Prompt
from assay.progress import Progress, duration
from assay.runs.remaining import Remaining
from assay.runs.workload import BaseGroup

__all__ = ["Meter"]

NOTED_EVERY = 5.0
"""Seconds between progress events."""
WINDOW = 60.0
"""Seconds over which tokens per second are counted."""


@dataclass
class Meter:
    """Shows progress as it is counted."""

    progress: Progress
    clock: Callable[[], float] = time.monotonic
    at_most: bool = False
    """Whether the run may end before every prompt is asked."""
    expected: dict[str, int] = field(default_factory=dict)
    """Expected responses of each base's group."""
    totals: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    arrived: Counter[str] = field(default_factory=Counter)
    """Responses of each base's group so far."""
    changed: set[str] = field(default_factory=set)
    tokens: int = 0
    """Of all generations, also of those under way."""
    began: float | None = None
    noted: float = float("-inf")
    remaining: Remaining = field(default_factory=Remaining)
    window: deque[tuple[float, int]] = field(default_factory=deque)
    """Seconds and tokens at moments of the last WINDOW seconds, at which all tokens are known."""
    reported: bool = False
    """Whether the engine reports what generations under way hold."""

    def expect(self, group: BaseGroup, prompts: Sequence[Prompt]) -> None:
        """A group will answer these, and no others, in addition to what it has answered."""
        self.expected[group.base] = len(prompts) + self.arrived[group.base]
        counts = Counter(map(_part, prompts))
        known = {
            f"{load.task}: {load.name}" for load in (*group.workloads, *group.again)
        } & self.totals.keys()
        self.changed |= {part for part in known if counts[part] + self.done[part] != self.totals[part]}
        for part in known | counts.keys():
            self.totals[part] = counts[part] + self.done[part]
        self.remaining.expect(group.base, prompts)

    def end(self, group: BaseGroup) -> None:
        """End a group: its remaining prompts get no responses."""
        self.expect(group, ())
        self.show()

    def load(self) -> None:
        """A base is about to be loaded."""
        self.remaining.load(self.clock())

    def start(
        self, group: BaseGroup, prompts: Sequence[Prompt], begun: Mapping[Prompt, Sequence[int]]
    ) -> None:
        """The engine is loaded and about to answer these; `begun` holds what some generations begin with."""
        now = self.clock()
        if self.began is None:
            self.began = now
            self._mark(now)
        self.remaining.start(group.base, prompts, begun, now)

    def counted(
        self, group: BaseGroup, items: Iterable[Completion | Partial]
    ) -> Iterator[Completion | Partial]:
        """The same items, counted on the way."""
        for item in items:
            if isinstance(item, Completion):
                self.arrived[group.base] += 1
                part = _part(item.prompt)
                self.done[part] += 1
                self.changed.add(part)
            now = self.clock()
            self.tokens += self.remaining.take(item, now)
            if isinstance(item, Partial):
                self.reported = True
                self._mark(now)
            yield item

    def show(self) -> None:
        """Show the parts that advanced, then the whole."""
        for part in sorted(self.changed):
            self.progress("responses", self.done[part], self.totals[part], part=part)
        self.changed.clear()
        now = self.clock()
        rate, left = self._rate(now), self.remaining.seconds(now)
        note = f"{rate:,.0f} tokens/s" if rate else ""
        words = "" if left is None else f"{'at most ' if self.at_most else ''}{duration(left)} left"
        self.progress("responses", self.done.total(), sum(self.expected.values()), note, left=words)

    def due(self) -> Mapping[str, Any] | None:
        """The figures of the next progress event, every few seconds; None in between."""
        now = self.clock()
        if now - self.noted < NOTED_EVERY:
            return None
        self.noted = now
        left = self.remaining.seconds(now)
        return {
            "done": self.done.total(),
            "total": sum(self.expected.values()),
            "tokens": self.tokens,
            "tokens_per_second": round(self._rate(now), 1),
            "seconds": round(now - (self.began or now), 3),
            "seconds_left": None if left is None else round(left),
            "at_most": self.at_most,
            "parts": {part: [count, self.totals[part]] for part, count in self.done.items()},
        }

    def _rate(self, now: float) -> float:
        """Tokens per second of late."""
        if not self.reported:
            self._mark(now)
        (first, before), (last, tokens) = self.window[0], self.window[-1]
        return (tokens - before) / (last - first) if last > first else 0.0

    def _mark(self, now: float) -> None:
        self.window.append((now, self.tokens))
        while len(self.window) > 2 and self.window[1][0] <= now - WINDOW:
            self.window.popleft()


def _part(prompt: Prompt) -> str:
    return f"{prompt.task}: {prompt.name}"
