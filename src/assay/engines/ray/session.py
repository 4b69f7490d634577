"""A session of loaded actors: prompts are shared among all, completions arrive as they finish, lost actors are replaced.

A prompt is completed once: a lost actor loses only the completions that it had not sent. It knows no model.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from assay.engines.api import NO_PROMPTS, Completion, Liveness, Partial, Prompt, completions
from assay.engines.ray.cluster import (
    Answered,
    Cluster,
    Done,
    Job,
    Lost,
    Message,
    Open,
    Opened,
    Probe,
    Refused,
)
from assay.engines.ray.sharing import LIVES, Batch, Shares
from assay.errors import EngineError

__all__ = ["Expected", "RaySession"]

PATIENCE = 1800.0
"""Seconds without a message, while actors start and none works, before they are given up."""
MACHINE = ("device", "decoding", "parallel")
"""Of provenance: what may differ from machine to machine; all else is software."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What every actor must hold: what was looked at here, where claims and records are kept."""

    base: str
    identities: Mapping[str, str]
    """Digest of what answers, by name."""
    provenance: Mapping[str, str]
    actors: int
    batch: int
    """Requests handed to an actor at once, at most."""


class RaySession:
    """Satisfies `Session`: loaded actors."""

    def __init__(self, cluster: Cluster, expected: Expected) -> None:
        """Start all actors and wait until each has loaded. Raises EngineError if they cannot."""
        self._cluster = cluster
        self._expected = expected
        self._failed: dict[str, str] = {}
        self._seen: dict[str, set[str]] = {}
        """Values of each entry of provenance, over all actors."""
        self._opening: set[int] = set()
        self._idle: list[int] = []
        self._lost_at_start = 0
        """Actors lost one after the other before they had loaded."""
        try:
            while len(self._idle) < expected.actors:
                self._fill(0)
                self._receive(working=False)
        except BaseException:
            self.close()
            raise

    @property
    def failed(self) -> Mapping[str, str]:
        """Adapters that failed with any actor, and why. Nothing more is asked of them."""
        return dict(self._failed)

    @property
    def provenance(self) -> Mapping[str, str]:
        """Of all actors; values that differ stand side by side."""
        return {name: ", ".join(sorted(values)) for name, values in self._seen.items()}

    def complete(self, prompts: Iterable[Prompt]) -> Iterator[Completion]:
        """Yield a completion for each prompt but those of adapters that failed. Raises EngineError."""
        return completions(self.resume(prompts, {}))

    def resume(
        self, prompts: Iterable[Prompt], begun: Mapping[Prompt, Sequence[int]], every: float = math.inf
    ) -> Iterator[Completion | Partial]:
        """The same, from the tokens in `begun` on; every so many seconds, what rows hold so far. Raises EngineError.

        What a lost actor reported of a row is where the next actor continues.
        """
        open_prompts = (prompt for prompt in prompts if prompt.subject not in self._failed)
        shares = Shares(open_prompts, self._expected.actors, self._expected.batch, begun, every)
        busy: dict[int, Batch] = {}
        try:
            while shares.left or busy:
                self._hand_out(shares, busy)
                if message := self._receive(working=bool(busy)):
                    yield from self._handle(*message, shares, busy)
        finally:
            for actor in busy:  # nobody listens to them any more
                self._cluster.kill(actor)

    def liveness(
        self, adapters: Sequence[str], sent: Mapping[str, Sequence[str]] = NO_PROMPTS
    ) -> list[Liveness]:
        """What each of these changes, by one actor: all hold the same. Raises EngineError."""
        names = tuple(name for name in adapters if name not in self._failed)
        job = Probe(names, {name: tuple(prompts) for name, prompts in sent.items()})
        reason = ""
        for _ in range(LIVES if names else 0):
            match message := self._run_alone(job):
                case Done():
                    self._failed |= message.failed
                    return list(message.found)
                case Lost():
                    reason = message.reason
        if names:
            raise EngineError(
                f"{LIVES} actors ended one after the other while they probed adapters: {reason}; "
                f"lower `engine.options.rows`, or give each more memory"
            )
        return []

    def close(self) -> None:
        """End all actors."""
        for actor in (*self._opening, *self._idle):
            self._cluster.kill(actor)
        self._opening.clear()
        self._idle.clear()

    def _hand_out(self, shares: Shares, busy: dict[int, Batch]) -> None:
        shares.cut()
        if shares.waiting:
            self._fill(len(busy))
        while self._idle and shares.waiting:
            actor, batch = self._idle.pop(), shares.waiting.popleft()
            busy[actor] = batch
            self._cluster.submit(actor, shares.job(batch))

    def _handle(
        self, actor: int, message: Message, shares: Shares, busy: dict[int, Batch]
    ) -> Iterator[Completion | Partial]:
        """Take in a message about a batch."""
        batch = busy[actor]
        match message:
            case Answered():
                yield from shares.answered(batch, message.completions)
                if message.partial is not None:
                    yield Partial(shares.advanced(batch, message.partial))
            case Done():
                self._idle.append(actor)
                self._failed |= message.failed
                shares.drop(self._failed)
                del busy[actor]
                shares.finished(batch, self._failed)
            case Lost():
                del busy[actor]
                shares.lost(batch, message.reason)
                shares.drop(self._failed)
            case _:
                raise _unexpected(message)

    def _run_alone(self, job: Job) -> Message:
        """The last message of one actor on a job that is not shared out."""
        while not self._idle:
            self._fill(0)
            self._receive(working=False)
        actor = self._idle.pop()
        self._cluster.submit(actor, job)
        try:
            while (message := self._receive(working=True)) is None:
                pass
        except BaseException:
            self._cluster.kill(actor)
            raise
        if not isinstance(message[1], Lost):
            self._idle.append(actor)
        return message[1]

    def _fill(self, busy: int) -> None:
        """Start actors in the place of lost ones."""
        for _ in range(self._expected.actors - busy - len(self._idle) - len(self._opening)):
            actor = self._cluster.spawn()
            self._opening.add(actor)
            self._cluster.submit(actor, Open())

    def _receive(self, *, working: bool) -> tuple[int, Message] | None:
        """The next message of an actor at work; None where it was of one that starts, or nothing came in time."""
        received = self._cluster.next(PATIENCE)
        if received is None:
            if working:
                return None
            raise EngineError(
                f"no actor was ready in {PATIENCE / 60:.0f} minutes; does the cluster still have room for "
                f"{self._expected.actors}? lower `engine.options.actors`, or what each is given"
            )
        actor, message = received
        if isinstance(message, Refused):
            raise EngineError(message.text)
        if actor not in self._opening:
            return received
        self._opening.remove(actor)
        match message:
            case Opened():
                self._idle.append(actor)
                self._lost_at_start = 0
                self._admit(message)
            case Lost():
                self._lost_at_start += 1
                if self._lost_at_start == LIVES:
                    raise EngineError(
                        f"base {self._expected.base!r}: {LIVES} actors ended one after the other while they loaded it: "
                        f"{message.reason}; give each more memory, or quantize the base"
                    )
            case _:
                raise _unexpected(message)
        return None

    def _admit(self, opened: Opened) -> None:
        """Check that an actor holds what was looked at. Raises EngineError where base or software are others."""
        expected, where = self._expected, f"on {opened.node}"
        if opened.identities.get(expected.base) != expected.identities[expected.base]:
            raise EngineError(
                f"base {expected.base!r}: its files {where} are not those that were checked here; give a folder that all "
                f"machines share, or a hub id with a revision"
            )
        for name, value in opened.provenance.items():
            here = expected.provenance.get(name)
            if name not in MACHINE and here and _public(value) != _public(here):
                raise EngineError(
                    f"{name} is {value} {where} and {here} here; install the same on all machines"
                )
        for name, digest in expected.identities.items():
            if name in opened.failed:
                self._failed[name] = opened.failed[name]
            elif name in opened.refused:
                self._failed[name] = f"{where}: {opened.refused[name]}"
            elif opened.identities.get(name) != digest:
                self._failed[name] = f"its files {where} are not those checked here; run again"
        for name, value in opened.provenance.items():
            self._seen.setdefault(name, set()).add(value)


def _public(version: str) -> str:
    """A version without what its build adds: torch for a GPU and for none are one."""
    return version.partition("+")[0]


def _unexpected(message: Message) -> EngineError:
    return EngineError(f"internal error: unexpected {type(message).__name__} from an actor; please report it")
