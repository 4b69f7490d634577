"""How long a study takes, from a few of its prompts that are answered for real. It keeps no response.

Reading prompts and writing responses are timed apart: a first pass asks for one token each, a second one
for more. Machines that read the first prompts quickly get more of them, so that a batch is nearly as full
as the run's: on a GPU a full batch takes hardly longer than a small one.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from assay.binding import Cell, Round
from assay.engines import Prompt, Session
from assay.errors import EngineError
from assay.planning.cost import Asked, Length, expected_tokens

__all__ = ["Time", "Trial", "estimate", "measure"]

Clock = Callable[[], float]

FIRST = 2
"""Prompts of each subject and task, at first."""
ROWS = 128
"""Responses at once, at most."""
PATIENCE = 5.0
"""Seconds for reading: what takes longer is not enlarged."""
TOKENS, FEWER_TOKENS = 32, 8
"""Tokens of a response; fewer where reading alone took long."""
SHORT = 0.25
"""Of `max_tokens`: a response that ends early, for the lower end of the range."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One base and its adapters, tried."""

    base: str
    loading: float
    """Seconds until the first prompt could be asked."""
    responses: int
    """At once."""
    read: float
    """Characters of prompts a second."""
    written: float
    """Tokens of responses a second."""


@dataclass(frozen=True, slots=True)
class Time:
    """Seconds that a whole run takes, loading included."""

    low: float
    """If responses use a quarter of the tokens that they may use."""
    high: float
    """If they use all of them."""
    expected: float | None = None
    """If responses are as long as a pilot's; null where no pilot tells."""


def measure(one: Round, clock: Clock = time.perf_counter) -> Trial:
    """Load a base with its adapters and ask some prompts. Raises EngineError if it cannot be loaded or asked."""
    began = clock()
    with one.open() as engine:
        loaded = clock() - began
        asked = _requests(one.cells, FIRST)
        reading, done = _timed(engine, asked, 1, clock)
        if reading < PATIENCE:
            more = math.ceil(min(ROWS / len(one.cells), FIRST * PATIENCE / max(reading, 0.01)))
            asked = _requests(one.cells, max(FIRST, more))
            reading, done = _timed(engine, asked, 1, clock)
        limit = TOKENS if reading < 6 * PATIENCE else FEWER_TOKENS
        both, tokens = _timed(engine, asked, limit, clock)
        if not done or not tokens:
            raise EngineError(
                f"base {one.base!r}: nothing answered the trial's prompts; `assay run` says why"
            )
        characters = sum(len(request.text) for request in asked if request.subject not in engine.failed)
    # Where nearly every response is one token long, what they take together is all there is to go by.
    extra, seconds = (tokens - done, both - reading) if tokens > done and both > reading else (tokens, both)
    return Trial(one.base, loaded, done, characters / max(reading, 1e-9), extra / max(seconds, 1e-9))


def _requests(cells: Sequence[Cell], count: int) -> list[Prompt]:
    """So many prompts of each cell, spread evenly."""
    asked: list[Prompt] = []
    for cell in cells:
        keys = list(cell.sent)
        chosen = min(count, len(keys))
        spread = (keys[place * len(keys) // chosen] for place in range(chosen))
        asked += [replace(cell.ask, example=key, text=cell.sent[key]) for key in spread]
    return asked


def _timed(engine: Session, asked: Iterable[Prompt], limit: int, clock: Clock) -> tuple[float, int]:
    """Seconds for all, and tokens that came; one for a response whose tokens are not counted."""
    requests = [replace(request, max_tokens=min(limit, request.max_tokens)) for request in asked]
    began = clock()
    tokens = sum(completion.tokens or 1 for completion in engine.complete(requests))
    return clock() - began, tokens


def estimate(
    asked: Sequence[Asked],
    trials: Sequence[Trial],
    lengths: Mapping[str, Length],
    share: Callable[[Asked], float] = lambda _: 1.0,
) -> Time:
    """The whole run at the trial's pace, base after base; of each part the share that is asked."""
    low = high = expected = 0.0
    known = True
    for trial in trials:
        ours = [one for one in asked if one.base == trial.base]
        fixed = trial.loading + sum(share(one) * one.characters for one in ours) / trial.read
        low += fixed + SHORT * sum(share(one) * one.longest for one in ours) / trial.written
        high += fixed + sum(share(one) * one.longest for one in ours) / trial.written
        tokens = [(share(one), expected_tokens(one, lengths)) for one in ours]
        known = known and all(count is not None for _, count in tokens)
        expected += fixed + sum(part * (count or 0.0) for part, count in tokens) / trial.written
    return Time(low, high, expected if known else None)
