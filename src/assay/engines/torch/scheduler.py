"""Decides which sequences run next. It knows lengths, slots and budgets, but no model and no text."""

from __future__ import annotations

import math
from bisect import insort
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from assay.engines.torch.sequence import Scored, Sequence
from assay.engines.torch.step import KVCache, Segment
from assay.errors import EngineError

__all__ = ["CPU_TOKENS", "GPU_TOKENS", "BatchOptions", "Scheduler"]
CPU_TOKENS = 384
"""Beyond, oneDNN's products of many columns and few rows run at half the rate (1.06 TFLOP/s at 768 rows of
4,864 columns, 1.94 at 384), and what a layer makes is mapped again by the system each time."""
GPU_TOKENS = 4096
TOGETHER = 16
"""Where decoding steps are replayed, so large a part of the slots is free before rows enter."""


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """What bounds a batch."""

    rows: int = 256
    """Generations at once, at most."""
    tokens: int | None = None
    """Prompt and continuation tokens in one forward pass, at most; a longer prompt goes alone. None: CPU_TOKENS
    on a processor, GPU_TOKENS else."""
    memory: int | None = None
    """Bytes for keys and values; None: half of what is free."""
    exact_adapters: bool = True
    """Adapters in float32 whatever the base's dtype, as peft holds them; False: in the base's."""
    logits: int = 2**28
    """Bytes of float32 logits of scored tokens in one forward pass."""
    graphs: bool = True
    """On a GPU, record decoding steps and replay them."""
    kernel: bool = True
    """On a CPU, attend while rows decode and apply adapters in C."""


class Scheduler:
    """Rows wait, run in slots 0, 1, ... of memory, and leave; a freed slot is filled in the next step."""

    def __init__(
        self, rows: Iterable[Sequence], scored: Iterable[Scored], options: BatchOptions, positions: int
    ) -> None:
        # Longest first: short rows fill the gaps at the end, when there is nothing left to refill with.
        self.waiting = deque(sorted(rows, key=_shortness))
        self.scoring = deque(sorted(scored, key=lambda sequence: -len(sequence.tokens)))
        self.running: list[Sequence] = []
        self.cache: KVCache | None = None
        self.rows = options.rows
        self.tokens = options.tokens or CPU_TOKENS
        self.positions = positions
        """Logits of scored sequences in one step, at most."""
        self.limited = options.memory is not None
        """Whether the memory for keys and values is what the study set, not what is free."""
        self.together = 1
        """Slots that must be free before rows enter again."""

    @property
    def done(self) -> bool:
        """Whether nothing waits or runs."""
        return not (self.waiting or self.scoring or self.running)

    def add(self, row: Sequence) -> bool:
        """A row that follows another one waits, too. True: it is longer than expected, and the cache will be made again."""
        insort(self.waiting, row, key=_shortness)
        short = self.cache is not None and self.cache.capacity < row.need
        if short:
            self.restart([])
        return short

    def allocate(self, bytes_per_token: int, free: int, *, recorded: bool = False) -> None:
        """Make memory for as many rows as fit in `free` bytes, each as long as the longest can become.

        `recorded`: where decoding steps are replayed, blocks must not move, and rows enter several at a time,
        because a step that reads prompts cannot be one of those.
        """
        if not self.waiting:
            return
        capacity = max(row.need for row in self.waiting)
        fit = free // max(1, bytes_per_token * capacity)
        if not fit:
            raise EngineError(_too_small(bytes_per_token * capacity, capacity, free, limited=self.limited))
        self.rows = min(self.rows, fit)
        slots = min(self.rows, len(self.waiting))
        self.cache = KVCache(slots, capacity, whole=recorded)
        self.together = max(1, slots // TOGETHER) if recorded else 1

    def schedule(self) -> tuple[list[Segment], list[Scored]]:
        """The parts of the next step: rows that run, rows that enter, and sequences to score."""
        parts = [row.proceed(slot) for slot, row in enumerate(self.running)]
        budget = self.tokens
        slots = 0 if self.cache is None else self.cache.slots
        if self.running and slots - len(self.running) < self._enough:
            slots = len(self.running)
        while self.waiting and len(self.running) < slots:
            if self.waiting[0].length > budget and budget < self.tokens:
                break
            row = self.waiting.popleft()
            parts.append(row.enter(len(self.running)))
            self.running.append(row)
            budget -= row.length
        return parts, self._score(budget)

    @property
    def _enough(self) -> int:
        """Slots that must be free before rows enter: fewer where all rows that wait, and that may follow, fit in."""
        if self.together > 1 and any(row.asked.then for row in self.running):
            return self.together
        return min(self.together, len(self.waiting))

    def _score(self, budget: int) -> list[Scored]:
        taken: list[Scored] = []
        kept = self.positions
        while self.scoring:
            sequence = self.scoring[0]
            first = not taken and budget == self.tokens
            if not first and (len(sequence.tokens) > budget or sequence.keep > kept):
                break
            taken.append(self.scoring.popleft())
            budget -= len(sequence.tokens)
            kept -= sequence.keep
        return taken

    def postprocess(self, finished: list[int]) -> None:
        """Free the slots of finished rows; the last rows move into them."""
        used = len(self.running)
        for slot in sorted(finished, reverse=True):
            last = len(self.running) - 1
            if slot != last:
                assert self.cache is not None  # noqa: S101
                self.cache.move(last, slot)
                self.running[slot] = self.running[last]
            self.running.pop()
        if self.cache is not None and len(self.running) < used:
            self.cache.clear(len(self.running), used)

    def restart(self, scored: list[Scored]) -> None:
        """Everything goes back to wait, and the cache is made again.

        Rows keep what they generated, and read it again with their prompt when they enter again.
        """
        self.waiting.extendleft(reversed(self.running))
        self.scoring.extendleft(reversed(scored))
        self.running = []
        self.cache = None

    def shrink(self, scored: list[Scored]) -> None:
        """After memory ran out: restart, with batches half as large."""
        if self.tokens <= 1 and self.rows <= 1:
            raise EngineError("memory ran out with a single row; lower `max_tokens`, or use a larger machine")
        self.restart(scored)
        self.rows = max(1, self.rows // 2)
        self.tokens = max(1, self.tokens // 2)
        self.positions = max(1, self.positions // 2)


def _shortness(row: Sequence) -> int:
    return -row.need


def _too_small(row: int, tokens: int, free: int, *, limited: bool) -> str:
    """Why a row of `row` bytes does not fit, and what is to be changed."""
    needed = f"one row of {tokens} tokens takes {row / 2**20:.3g} MiB of memory for keys and values"
    left = f"{free / 2**20:.3g} MiB"
    if not limited:
        return f"{needed}, {left} are left; lower `max_tokens`, or use a larger machine"
    enough = math.ceil(100 * row / 2**30) / 100
    return (
        f"{needed}, and `engine.options.memory_gib` gives it {left}; raise that to {enough} or more, remove it, "
        f"or lower `max_tokens`"
    )
