"""Shares prompts among actors: which batches, in which order, and what happens to those of a lost actor.

It knows prompts and counts, no actor and no engine.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from assay.engines.api import Completion, Prompt
from assay.engines.ray.cluster import Complete
from assay.errors import EngineError

__all__ = ["Batch", "Shares", "sizes"]

LEAST = 128
"""Smaller batches leave an engine's rows empty; only the last ones are."""
LIVES = 3
"""Actors that one batch may cost."""


@dataclass(slots=True)
class Batch:
    """Requests that one actor answers together."""

    open: dict[Prompt, Prompt]
    """Not answered yet, in order; each with itself, for an actor's copy lacks what follows it."""
    losses: int = 0
    """Actors that were lost over it."""

    def __str__(self) -> str:
        prompts = list(self.open)
        first, last = prompts[0], prompts[-1]
        ends = dict.fromkeys(f"task {prompt.task!r}, example {prompt.example!r}" for prompt in (first, last))
        whom = ", ".join(dict.fromkeys(prompt.subject for prompt in prompts))
        return f"{len(prompts)} prompts to {whom} ({' to '.join(ends)})"


def sizes(count: int, actors: int, most: int) -> list[int]:
    """Sizes of the batches that `count` prompts are cut into.

    Large ones first, so that engines stay full; smaller ones later, so that all actors end at about the same time.
    """
    least = min(LEAST, most)
    parts: list[int] = []
    while count > actors * least:
        parts.append(min(most, max(least, -(-count // (2 * actors)))))
        count -= parts[-1]
    last = min(actors, count)
    parts += [count // last + (place < count % last) for place in range(last)]
    return parts


class Shares:
    """The open batches of one call. What is answered is never asked or yielded again."""

    def __init__(
        self,
        prompts: Iterable[Prompt],
        actors: int,
        most: int,
        begun: Mapping[Prompt, Sequence[int]] | None = None,
        every: float = math.inf,
    ) -> None:
        """Cut the prompts into batches of `most` at most; `begun` has the tokens that generations start with.

        every: seconds between an actor's reports of what its generations hold.
        """
        self._begun = dict(begun or {})
        self._every = every
        self._sizes = partial(sizes, actors=actors, most=most)
        self.waiting: deque[Batch] = deque()
        self._later = list(dict.fromkeys(prompts))
        """Prompts that are in no batch yet."""
        self.cut()

    @property
    def left(self) -> bool:
        """Whether there are prompts that no actor has."""
        return bool(self.waiting or self._later)

    def cut(self) -> None:
        """Cut the turns that came to follow others meanwhile into batches, once no batch waits."""
        if self.waiting:
            return
        ordered, self._later = _ordered(self._later), []
        for size in self._sizes(len(ordered)):
            self.waiting.append(Batch(_open(ordered[:size])))
            del ordered[:size]

    def answered(self, batch: Batch, completions: Iterable[Completion]) -> list[Completion]:
        """Those completions that are the first to their prompts. Raises EngineError for other prompts."""
        fresh = []
        for completion in completions:
            if completion.prompt not in batch.open:
                prompt = completion.prompt
                raise EngineError(
                    f"internal error: an actor answered task {prompt.task!r}, example {prompt.example!r} of "
                    f"{prompt.subject!r}, which it was not asked",
                    fix="please report it",
                )
            fresh.append(replace(completion, prompt=batch.open.pop(completion.prompt)))
            self._begun.pop(completion.prompt, None)
            self._later += fresh[-1].following
        return fresh

    def job(self, batch: Batch) -> Complete:
        """What an actor is given of a batch: its open prompts, with the tokens that are known of them."""
        begun = {prompt: self._begun[prompt] for prompt in batch.open if prompt in self._begun}
        return Complete(tuple(replace(prompt, then=None) for prompt in batch.open), begun, self._every)

    def advanced(self, batch: Batch, partial: Mapping[Prompt, Sequence[int]]) -> dict[Prompt, Sequence[int]]:
        """What open generations of a batch hold now."""
        rows = {prompt: tokens for prompt, tokens in partial.items() if prompt in batch.open}
        self._begun |= rows
        return rows

    def finished(self, batch: Batch, failed: Collection[str]) -> None:
        """An actor is done with a batch. Raises EngineError if it left out more than what failed."""
        self._drop(batch, failed)
        if batch.open:
            raise EngineError(f"internal error: an actor left out {batch}", fix="please report it")

    def lost(self, batch: Batch, reason: str) -> None:
        """What is left of a lost actor's batch goes first. Raises EngineError if the batch cost too many actors.

        In halves: where one prompt is what ends actors, fewer and fewer others go with it.
        """
        batch.losses += 1
        if not batch.open:
            return
        if batch.losses == LIVES:
            raise EngineError(
                f"{LIVES} actors ended one after the other over {batch}: {reason}; the answers so far are kept; "
                f"lower `engine.options.rows`, or leave these out"
            )
        prompts = list(batch.open)
        half = -(-len(prompts) // 2)
        for part in (prompts[half:], prompts[:half]):
            if part:
                self.waiting.appendleft(Batch(_open(part), batch.losses))

    def drop(self, failed: Collection[str]) -> None:
        """Complete nothing more of adapters that failed."""
        self._later = [prompt for prompt in self._later if prompt.subject not in failed]
        for batch in self.waiting:
            self._drop(batch, failed)
        self.waiting = deque(batch for batch in self.waiting if batch.open)

    @staticmethod
    def _drop(batch: Batch, failed: Collection[str]) -> None:
        for prompt in [prompt for prompt in batch.open if prompt.subject in failed]:
            del batch.open[prompt]


def _open(prompts: Iterable[Prompt]) -> dict[Prompt, Prompt]:
    return {prompt: prompt for prompt in prompts}


def _ordered(prompts: Sequence[Prompt]) -> list[Prompt]:
    """Alike beside alike: by subject, kind and length, the longest first."""
    places = {name: place for place, name in enumerate(dict.fromkeys(prompt.subject for prompt in prompts))}

    def order(prompt: Prompt) -> tuple[int, str, int, int]:
        return (
            places[prompt.subject],
            prompt.kind,
            -prompt.max_tokens,
            -len(prompt.text) - len(prompt.continuation),
        )

    return sorted(prompts, key=order)
