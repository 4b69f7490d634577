"""Actors in the test's own process: each holds a Fake, speaks when it is its turn, and ends when a test says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from random import Random

from assay.engines import Fake, ModelRef, Prompt
from assay.engines.ray.cluster import Answered, Complete, Job, Lost, Message, Open, Order
from assay.engines.ray.options import RayOptions, read_settings
from assay.engines.ray.preflight import RayPreflight, order_for
from assay.engines.ray.worker import Worker
from assay.plan import EngineSettings


@dataclass(frozen=True, slots=True)
class Moment:
    """When an actor is about to speak."""

    actor: int
    job: Job
    said: int
    """Messages that it gave on this job."""

    @property
    def asked(self) -> tuple[Prompt, ...]:
        """What it is answering."""
        return self.job.prompts if isinstance(self.job, Complete) else ()


Ends = Callable[[Moment], bool]
"""Whether an actor ends at a moment."""


def never(_: Moment) -> bool:
    """All go on."""
    return False


@dataclass
class Here:
    """Satisfies `Cluster`; the order in which actors speak is drawn."""

    order: Order
    fakes: Callable[[int], Fake]
    """What the actor of this number holds."""
    ends: Ends = never
    draw: Random = field(default_factory=lambda: Random(0))  # noqa: S311
    workers: dict[int, Worker] = field(default_factory=dict)
    jobs: dict[int, tuple[Job, Iterator[Message]]] = field(default_factory=dict)
    told: dict[int, int] = field(default_factory=dict)
    asked: list[tuple[int, Complete]] = field(default_factory=list)
    count: int = 0

    def spawn(self) -> int:
        self.count += 1
        self.workers[self.count] = Worker(self.order, self.fakes(self.count).preflight)
        return self.count

    def submit(self, actor: int, job: Job) -> None:
        assert actor not in self.jobs, "told what to do while at work"
        self.jobs[actor] = (job, self.workers[actor].do(job))
        self.told[actor] = 0
        if isinstance(job, Complete):
            self.asked.append((actor, job))

    def next(self, seconds: float) -> tuple[int, Message] | None:  # noqa: ARG002
        if not self.jobs:
            return None
        actor = self.draw.choice(sorted(self.jobs))
        job, said = self.jobs[actor]
        message = Lost("killed") if self.ends(Moment(actor, job, self.told[actor])) else next(said)
        self.told[actor] += 1
        if not isinstance(message, Answered):
            del self.jobs[actor]
        if isinstance(message, Lost):
            del self.workers[actor]
        return actor, message

    def kill(self, actor: int) -> None:
        self.workers.pop(actor, None)
        self.jobs.pop(actor, None)


def looking(fake: Fake, make: Callable[[Order], Here]) -> Callable[..., RayPreflight]:
    """A preflight whose actors are in this process."""

    def look(settings: EngineSettings, base: ModelRef, adapters: Sequence[ModelRef]) -> RayPreflight:
        options, inner = read_settings(settings)
        looked = fake.preflight(inner, base, adapters)

        def begin(_: RayOptions, order: Order) -> AbstractContextManager[Here]:
            return nullcontext(make(order))

        return RayPreflight(looked, options, order_for(inner, base, adapters, looked), begin)

    return look


def at_opening(*actors: int) -> Ends:
    """Those end while they load."""
    return lambda at: at.actor in actors and isinstance(at.job, Open)


def engine(name: str = "ray:torch", options: Mapping[str, object] | None = None) -> EngineSettings:
    return EngineSettings(name=name, options=options or {})
