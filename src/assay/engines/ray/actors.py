"""A cluster of Ray: each actor a process of its own, on this machine or another. The one module that imports ray."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

from assay.engines.ray.cluster import Answered, Job, Lost, Message, Order
from assay.engines.ray.options import RayOptions
from assay.engines.ray.worker import Worker
from assay.errors import EngineError
from assay.plan import EngineSettings

__all__ = ["Actors", "Resources", "resources_for", "room", "started"]

STORE = 2**28
"""Bytes of memory for messages; a fraction of the machine's own is Ray's default."""


@dataclass(frozen=True, slots=True)
class Resources:
    """What each actor gets."""

    cpus: int
    """Processors, and threads."""
    gpus: float
    """A part of one, or whole ones."""


@contextmanager
def started(options: RayOptions, order: Order) -> Iterator[Actors]:
    """Actors on a cluster: the one this process is in already, the one at the address, or one of its own."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    ray: Any = import_module("ray")
    ours = not ray.is_initialized()
    if ours:
        _connect(ray, options.address)
    try:
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        each = resources_for(options, order.settings, nodes)
        threads = {"OMP_NUM_THREADS": str(each.cpus)}
        yield Actors(ray, replace(order, environment={**order.environment, **threads}), each)
    finally:
        if ours:
            ray.shutdown()


def resources_for(
    options: RayOptions, inner: EngineSettings, nodes: Sequence[Mapping[str, float]]
) -> Resources:
    """What each actor gets of machines with these resources. Raises EngineError where they have no room for all."""
    there = sum(node.get("GPU", 0.0) for node in nodes)
    gpus = _gpus(options.actors, inner, there) if options.gpus_per_actor is None else options.gpus_per_actor
    most = int(max((node.get("CPU", 0.0) for node in nodes), default=0))
    choices = [1] if gpus else range(max(1, most), 0, -1)
    if options.cpus_per_actor is not None:
        choices = [options.cpus_per_actor]
    for cpus in choices:
        if room(nodes, Resources(cpus, gpus)) >= options.actors:
            return Resources(cpus, gpus)
    machines = "; ".join(f"{node.get('CPU', 0):g} and {node.get('GPU', 0):g}" for node in nodes)
    raise EngineError(
        f"engine.options.actors: no room for {options.actors} of {choices[-1]} processors and {gpus:g} GPUs each; the "
        f"machines have {machines or 'none'}; lower `actors`, `cpus_per_actor` or `gpus_per_actor`, or add machines"
    )


def room(nodes: Sequence[Mapping[str, float]], each: Resources) -> int:
    """How many actors fit on machines with these resources; parts of GPUs do not add up to one over two."""
    return sum(
        min(int(node.get("CPU", 0.0) // each.cpus), _fitting(int(node.get("GPU", 0.0)), each.gpus))
        for node in nodes
    )


def _fitting(there: int, gpus: float) -> int:
    if not gpus:
        return 2**31
    return there * int(1 / gpus + 1e-9) if gpus < 1 else int(there // gpus)


def _gpus(actors: int, inner: EngineSettings, there: float) -> float:
    """Whole ones where there are enough for all, else parts that fit."""
    if not there or inner.options.get("device") == "cpu":
        return 0.0
    if inner.name == "vllm":
        gpus = inner.options.get("tensor_parallel", 1) * inner.options.get("pipeline_parallel", 1)
        if gpus > 1:
            return float(gpus)
    return 1 / max(1, -(-actors // int(there)))


def _connect(ray: Any, address: str) -> None:
    local = {"object_store_memory": STORE, "include_dashboard": False} if address == "local" else {}
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **local)
    except Exception as bad:  # whatever Ray raises: no address, other versions, no room
        raise EngineError(
            f"engine.options.address: {address!r}: Ray does not start there: {_first(bad)}"
        ) from bad


class Actors:
    """Satisfies `Cluster`."""

    def __init__(self, ray: Any, order: Order, each: Resources) -> None:
        # Ray restarts nothing by itself: the session shares out what a lost actor leaves.
        self._ray = ray
        self._make = ray.remote(Worker).options(
            num_cpus=each.cpus, num_gpus=each.gpus, max_restarts=0, max_task_retries=0
        )
        self._order = order
        self._handles: dict[int, Any] = {}
        self._streams: dict[int, Any] = {}
        """Messages of each actor with a job: a generator of references."""
        self._count = 0

    def spawn(self) -> int:
        """Begin to start an actor."""
        self._count += 1
        self._handles[self._count] = self._make.remote(self._order)
        return self._count

    def submit(self, actor: int, job: Job) -> None:
        """Tell an actor what to do."""
        self._streams[actor] = self._handles[actor].do.options(num_returns="streaming").remote(job)

    def next(self, seconds: float) -> tuple[int, Message] | None:
        """The next message of any actor with a job; None where none came in so many seconds."""
        ready, _ = self._ray.wait(list(self._streams.values()), num_returns=1, timeout=seconds)
        if not ready:
            return None
        actor = next(number for number, messages in self._streams.items() if messages is ready[0])
        message = self._message(ready[0])
        # Whoever spoke waits behind the others.
        messages = self._streams.pop(actor)
        if isinstance(message, Answered):
            self._streams[actor] = messages
        elif isinstance(message, Lost):
            self.kill(actor)
        return actor, message

    def kill(self, actor: int) -> None:
        """End an actor, if it is still there."""
        self._streams.pop(actor, None)
        handle = self._handles.pop(actor, None)
        if handle is not None:
            with suppress(self._ray.exceptions.RayError):
                self._ray.kill(handle, no_restart=True)

    def _message(self, messages: Any) -> Message:
        try:
            message: Message = self._ray.get(next(messages))
        except StopIteration:
            return Lost("it ended without a message")
        except self._ray.exceptions.RayError as bad:
            return Lost(_first(bad))
        return message


def _first(bad: BaseException) -> str:
    return " ".join(f"{type(bad).__name__}: {bad}".split())[:400]
