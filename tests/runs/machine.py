"""An engine on a clock of its own: a step takes what its rows, the tokens they hold and the prompts that enter cost."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from assay.engines import Completion, Partial, Prompt

__all__ = ["Costs", "Machine"]


@dataclass(frozen=True, slots=True)
class Costs:
    """Seconds of each."""

    step: float
    token: float
    position: float
    """That a row looks at."""
    read: float
    """Token of a prompt."""


@dataclass
class Machine:
    """Continuous batching: `slots` rows at once, and `budget` tokens of prompts in a step, or one prompt that is longer."""

    lengths: Mapping[Prompt, int]
    """Tokens of each response, if its limit allows so many."""
    slots: int
    costs: Costs
    budget: int = 384
    now: float = 0.0

    def clock(self) -> float:
        return self.now

    def resume(self, prompts: Sequence[Prompt], every: float = 10.0) -> Iterator[Completion | Partial]:
        """The longest first; what rows hold every so many seconds."""
        waiting = deque(sorted(prompts, key=lambda prompt: -(prompt.max_tokens + size(prompt))))
        rows: dict[Prompt, int] = {}
        since = self.now
        while waiting or rows:
            budget = self.budget
            while waiting and len(rows) < self.slots and size(waiting[0]) <= max(budget, 0):
                budget -= size(waiting[0])
                rows[waiting.popleft()] = 0
            if waiting and len(rows) < self.slots and budget == self.budget:
                budget -= size(waiting[0])
                rows[waiting.popleft()] = 0
            held = sum(tokens + size(prompt) for prompt, tokens in rows.items())
            costs = self.costs
            self.now += costs.step + costs.token * len(rows) + costs.position * held
            self.now += costs.read * (self.budget - budget)
            for prompt in list(rows):
                rows[prompt] += 1
                if rows[prompt] >= min(self.lengths[prompt], prompt.max_tokens):
                    ended = self.lengths[prompt] <= prompt.max_tokens
                    yield Completion(
                        prompt, "", tokens=rows.pop(prompt), finish="stop" if ended else "length"
                    )
            if self.now - since >= every:
                since = self.now
                yield Partial({prompt: range(tokens) for prompt, tokens in rows.items()})


def size(prompt: Prompt) -> int:
    """Tokens of a prompt."""
    return len(prompt.text) // 4
