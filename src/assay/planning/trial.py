"""Estimates the run time of a study from a few of its prompts, for which it generates responses. It stores none.

Reading prompts and writing responses are timed separately: a first pass generates one token each, a second one
more. Machines that read the first prompts quickly get more of them, so that a batch is nearly as full
as the run's: on a GPU a full batch takes hardly longer than a small one.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from assay.engines import Prompt, Session
from assay.errors import EngineError
from assay.planning.cost import Length, SubjectCost, expected_tokens
from assay.runs.remaining import CHARACTERS
from assay.runs.workload import BaseGroup, Workload

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
    """The trial of one base and its adapters."""

    base: str
    loading: float
    """Seconds until the first prompt could be sent."""
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
    """If responses are as long as a pilot's; null where no pilot says."""


def measure(group: BaseGroup, clock: Clock = time.perf_counter) -> Trial:
    """Load a base with its adapters and run some prompts. Raises EngineError if it cannot be loaded or run."""
    began = clock()
    with group.open() as session:
        loaded = clock() - began
        prompts = _spread(group.workloads, FIRST)
        reading, done = _timed(session, prompts, 1, clock)
        if reading < PATIENCE:
            more = math.ceil(min(ROWS / len(group.workloads), FIRST * PATIENCE / max(reading, 0.01)))
            prompts = _spread(group.workloads, max(FIRST, more))
            reading, done = _timed(session, prompts, 1, clock)
        limit = TOKENS if reading < 6 * PATIENCE else FEWER_TOKENS
        both, tokens = _timed(session, prompts, limit, clock)
        if not done or not tokens:
            raise EngineError(
                "no subject could answer the trial's prompts",
                place=f"base {group.base!r}",
                fix="`assay run` says why",
            )
        characters = sum(len(prompt.text) for prompt in prompts if prompt.subject not in session.failed)
    # Where nearly every response is one token long, what they take together is all there is to go by.
    extra, seconds = (tokens - done, both - reading) if tokens > done and both > reading else (tokens, both)
    return Trial(group.base, loaded, done, characters / max(reading, 1e-9), extra / max(seconds, 1e-9))


def _spread(workloads: Sequence[Workload], count: int) -> list[Prompt]:
    """A number of prompts of each workload, spread evenly."""
    prompts: list[Prompt] = []
    for load in workloads:
        keys = list(load.texts)
        chosen = min(count, len(keys))
        spread = (keys[place * len(keys) // chosen] for place in range(chosen))
        prompts += [replace(load.prompt, example=key, text=load.texts[key]) for key in spread]
    return prompts


def _timed(session: Session, prompts: Iterable[Prompt], limit: int, clock: Clock) -> tuple[float, int]:
    """Seconds for all prompts, and their tokens; one token for a response whose tokens are not counted."""
    short = [replace(prompt, max_tokens=min(limit, prompt.max_tokens)) for prompt in prompts]
    began = clock()
    tokens = sum(completion.tokens or 1 for completion in session.complete(short))
    return clock() - began, tokens


def estimate(
    parts: Sequence[SubjectCost],
    trials: Sequence[Trial],
    lengths: Mapping[str, Length],
    share: Callable[[SubjectCost], float] = lambda _: 1.0,
) -> Time:
    """Time of the whole run at the trial's pace, one base after another; of each part the share that is used."""
    low = high = expected = 0.0
    known = True
    for trial in trials:
        low, high, expected = low + trial.loading, high + trial.loading, expected + trial.loading
        for part in (part for part in parts if part.base == trial.base):
            tokens = expected_tokens(part, lengths)
            known = known and tokens is not None
            low += share(part) * _seconds(part, SHORT * part.longest, trial)
            high += share(part) * _seconds(part, part.longest, trial)
            expected += share(part) * _seconds(part, tokens or 0.0, trial)
    return Time(low, high, expected if known else None)


def _seconds(part: SubjectCost, tokens: float, trial: Trial) -> float:
    """At the trial's pace, with so many tokens in all responses."""
    again = CHARACTERS * tokens * (part.turns - 1) / 2
    return (part.characters + again) / trial.read + tokens / trial.written
