"""Counts responses and tokens as they arrive, in total and by subject and task. It knows no engine and no terminal."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from assay.engines import Completion, Partial, Prompt
from assay.progress import Progress
from assay.runs.workload import BaseGroup

__all__ = ["Meter"]

NOTED_EVERY = 5.0
"""Seconds between progress events."""


@dataclass
class Meter:
    """Shows progress as it is counted."""

    progress: Progress
    clock: Callable[[], float] = time.monotonic
    expected: dict[str, int] = field(default_factory=dict)
    """Expected responses of each base's group."""
    totals: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    arrived: Counter[str] = field(default_factory=Counter)
    """Responses of each base's group so far."""
    changed: set[str] = field(default_factory=set)
    tokens: int = 0
    began: float | None = None
    noted: float = float("-inf")

    def expect(self, group: BaseGroup, prompts: list[Prompt]) -> None:
        """Add the prompts that a group will answer."""
        self.expected[group.base] = len(prompts)
        for part, count in Counter(map(_part, prompts)).items():
            self.totals[part] = count

    def end(self, group: BaseGroup) -> None:
        """End a group: its remaining prompts get no responses."""
        self.expected[group.base] = self.arrived[group.base]
        for part in (f"{load.task}: {load.name}" for load in group.workloads):
            if self.done[part] < self.totals[part]:
                self.totals[part] = self.done[part]
                self.changed.add(part)
        self.show()

    def start(self) -> None:
        """Start the clock: the engine is loaded and about to generate."""
        self.began = self.clock() if self.began is None else self.began

    def counted(
        self, group: BaseGroup, items: Iterable[Completion | Partial]
    ) -> Iterable[Completion | Partial]:
        """The same items, completions counted on the way."""
        for item in items:
            if isinstance(item, Completion):
                self.arrived[group.base] += 1
                part = _part(item.prompt)
                self.done[part] += 1
                self.changed.add(part)
                self.tokens += item.tokens or 0
            yield item

    def show(self) -> None:
        """Show the parts that advanced, then the whole."""
        for part in sorted(self.changed):
            self.progress("responses", self.done[part], self.totals[part], part=part)
        self.changed.clear()
        seconds = self.clock() - (self.began or 0.0)
        note = f"{self.tokens / seconds:,.0f} tokens/s" if self.tokens and seconds > 0 else ""
        self.progress("responses", self.done.total(), sum(self.expected.values()), note)

    def due(self) -> Mapping[str, Any] | None:
        """The figures of the next progress event, every few seconds; None in between."""
        now = self.clock()
        if now - self.noted < NOTED_EVERY:
            return None
        self.noted = now
        return {
            "done": self.done.total(),
            "total": sum(self.expected.values()),
            "tokens": self.tokens,
            "seconds": round(now - (self.began or now), 3),
            "parts": {part: [count, self.totals[part]] for part, count in self.done.items()},
        }


def _part(prompt: Prompt) -> str:
    return f"{prompt.task}: {prompt.name}"
