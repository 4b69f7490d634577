"""The work of an actor: preflight, load, generate, probe. It knows no Ray and no other actor."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack

from assay.engines.api import Completion, Partial, Session, complete_from
from assay.engines.files import json_sha256
from assay.engines.preflight import PreflightFunction, find_preflight
from assay.engines.ray.cluster import (
    Answered,
    Complete,
    Done,
    Job,
    Lost,
    Message,
    Open,
    Opened,
    Order,
    Probe,
    Refused,
)
from assay.errors import AssayError

__all__ = ["Worker"]

BURST = 0.5
"""Seconds between messages with answers: what a lost actor takes with it, and no message a token."""


class Worker:
    """Holds one engine. `look` is the preflight; None: as the order's settings name it."""

    def __init__(self, order: Order, look: PreflightFunction | None = None) -> None:
        self._order = order
        self._look = look
        self._stack = ExitStack()
        self._loaded: Session | None = None

    def do(self, job: Job) -> Iterator[Message]:
        """Do a job, and yield its messages. An engine that breaks counts as lost, as one that was killed."""
        try:
            match job:
                case Open():
                    yield self._open()
                case Complete():
                    yield from _bursts(complete_from(self._engine, job.prompts, job.begun, job.every))
                    yield Done(dict(self._engine.failed))
                case Probe():
                    measured = tuple(self._engine.liveness(job.adapters, job.sent))
                    yield Done(dict(self._engine.failed), measured)
        except AssayError as bad:
            yield Refused(str(bad))
        except Exception as bad:  # whatever an engine's parts raise, as when a process of vLLM's own is gone
            yield Lost(" ".join(f"{type(bad).__name__}: {bad}".split())[:400])

    @property
    def _engine(self) -> Session:
        if self._loaded is None:
            raise RuntimeError("nothing is loaded")
        return self._loaded

    def _open(self) -> Opened:
        order = self._order
        os.environ.update(order.environment)
        looked = (self._look or find_preflight(order.settings.name))(
            order.settings, order.base, order.adapters
        )
        self._loaded = self._stack.enter_context(looked.load())
        return Opened(
            platform.node(),
            {name: json_sha256(identity) for name, identity in looked.identities.items()},
            {problem.subject: problem.message for problem in looked.problems if problem.severity == "error"},
            dict(self._loaded.failed),
            {**looked.provenance, **self._loaded.provenance},
        )


def _bursts(items: Iterable[Completion | Partial]) -> Iterator[Answered]:
    """Completions by the half second, and what generations under way hold with those before it."""
    burst: list[Completion] = []
    began = time.monotonic()
    try:
        for item in items:
            if isinstance(item, Completion):
                burst.append(item)
            if isinstance(item, Partial) or time.monotonic() - began >= BURST:
                yield Answered(tuple(burst), item.rows if isinstance(item, Partial) else None)
                burst, began = [], time.monotonic()
    except Exception:
        if burst:  # what came before it is as good as ever
            yield Answered(tuple(burst))
        raise
    if burst:
        yield Answered(tuple(burst))
