"""How requests are shared out: which batches, in which order, and what becomes of those of a lost actor.

It knows requests and counts, no actor and no engine.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from assay.engines.api import Completion, Prompt
from assay.errors import EngineError

__all__ = ["Batch", "Shares", "sizes"]

LEAST = 128
"""Smaller batches leave an engine's rows empty; only the last ones are."""
LIVES = 3
"""Actors that one batch may cost."""


@dataclass(slots=True)
class Batch:
    """Requests that one actor answers together."""

    open: dict[Prompt, None]
    """Not answered yet, in order."""
    losses: int = 0
    """Actors that were lost over it."""

    def __str__(self) -> str:
        requests = list(self.open)
        first, last = requests[0], requests[-1]
        ends = dict.fromkeys(f"task {one.task!r}, example {one.example!r}" for one in (first, last))
        whom = ", ".join(dict.fromkeys(one.subject for one in requests))
        return f"{len(requests)} requests to {whom} ({' to '.join(ends)})"


def sizes(count: int, actors: int, most: int) -> list[int]:
    """Sizes of the batches that `count` requests are cut into.

    Large ones first, so that engines stay full; smaller ones later, so that all actors end at about the same time.
    """
    least = min(LEAST, most)
    found: list[int] = []
    while count > actors * least:
        found.append(min(most, max(least, -(-count // (2 * actors)))))
        count -= found[-1]
    parts = min(actors, count)
    found += [count // parts + (place < count % parts) for place in range(parts)]
    return found


class Shares:
    """The open batches of one call. What is answered is never asked or yielded again."""

    def __init__(self, requests: Iterable[Prompt], actors: int, most: int) -> None:
        wanted = _ordered(list(dict.fromkeys(requests)))
        self.waiting: deque[Batch] = deque()
        for size in sizes(len(wanted), actors, most):
            self.waiting.append(Batch(dict.fromkeys(wanted[:size])))
            del wanted[:size]

    def answered(self, batch: Batch, completions: Iterable[Completion]) -> list[Completion]:
        """Those completions that are the first to their requests. Raises EngineError for what nobody asked."""
        fresh = []
        for completion in completions:
            if completion.prompt not in batch.open:
                asked = completion.prompt
                raise EngineError(
                    f"an actor answered task {asked.task!r}, example {asked.example!r} of {asked.subject!r}, which it "
                    f"was not asked; report this as a defect of its engine"
                )
            del batch.open[completion.prompt]
            fresh.append(completion)
        return fresh

    def finished(self, batch: Batch, failed: Collection[str]) -> None:
        """An actor is done with a batch. Raises EngineError if it left out more than what failed."""
        self._drop(batch, failed)
        if batch.open:
            raise EngineError(f"an actor left out {batch}; report this as a defect of its engine")

    def lost(self, batch: Batch, reason: str) -> None:
        """What is left of a lost actor's batch goes first. Raises EngineError if the batch cost too many actors.

        In halves: where one request is what ends actors, fewer and fewer others go with it.
        """
        batch.losses += 1
        if not batch.open:
            return
        if batch.losses == LIVES:
            raise EngineError(
                f"{LIVES} actors ended one after the other over {batch}: {reason}; the answers so far are kept; "
                f"lower `engine.options.rows`, or leave these out"
            )
        requests = list(batch.open)
        half = -(-len(requests) // 2)
        for part in (requests[half:], requests[:half]):
            if part:
                self.waiting.appendleft(Batch(dict.fromkeys(part), batch.losses))

    def drop(self, failed: Collection[str]) -> None:
        """Ask nothing more of adapters that failed."""
        for batch in self.waiting:
            self._drop(batch, failed)
        self.waiting = deque(batch for batch in self.waiting if batch.open)

    @staticmethod
    def _drop(batch: Batch, failed: Collection[str]) -> None:
        for request in [one for one in batch.open if one.subject in failed]:
            del batch.open[request]


def _ordered(requests: Sequence[Prompt]) -> list[Prompt]:
    """Alike beside alike: by subject, kind and length, the longest first."""
    places = {name: place for place, name in enumerate(dict.fromkeys(one.subject for one in requests))}

    def order(one: Prompt) -> tuple[int, str, int, int]:
        return places[one.subject], one.kind, -one.max_tokens, -len(one.text) - len(one.continuation)

    return sorted(requests, key=order)
