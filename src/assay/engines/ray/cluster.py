"""The interface of a cluster: actors that take jobs, and the messages that they send, in order.

It knows no Ray: `actors` implements it with Ray, tests implement it in their own process.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from assay.engines.api import Completion, Liveness, ModelRef, Prompt
from assay.plan import EngineSettings

__all__ = [
    "Answered",
    "Cluster",
    "Complete",
    "Done",
    "Job",
    "Lost",
    "Message",
    "Open",
    "Opened",
    "Order",
    "Probe",
    "Refused",
]


@dataclass(frozen=True, slots=True)
class Order:
    """What every actor loads."""

    settings: EngineSettings
    """Of the engine that it holds."""
    base: ModelRef
    adapters: tuple[ModelRef, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables to set before anything is imported."""


# -- jobs ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Open:
    """Load. Ends with Opened."""


@dataclass(frozen=True, slots=True)
class Complete:
    """Answer these. Ends with Done."""

    prompts: tuple[Prompt, ...]
    begun: Mapping[Prompt, Sequence[int]] = field(default_factory=dict)
    """Tokens that some generations start with."""
    every: float = math.inf
    """Seconds between reports of what generations under way hold."""


@dataclass(frozen=True, slots=True)
class Probe:
    """Measure what these adapters change. Ends with Done."""

    adapters: tuple[str, ...]
    sent: Mapping[str, tuple[str, ...]]
    """Prompts as they will be sent to each."""


Job = Open | Complete | Probe


# -- messages ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Opened:
    """All is loaded."""

    node: str
    """Name of its machine."""
    identities: Mapping[str, str]
    """Digest of what answers, by name: of the base and each adapter that can be asked there."""
    refused: Mapping[str, str]
    """Adapters that cannot be asked there, and why."""
    failed: Mapping[str, str]
    """Adapters that could not be loaded, and why."""
    provenance: Mapping[str, str]
    """Of the preflight and of what is loaded."""


@dataclass(frozen=True, slots=True)
class Answered:
    """Some completions; more follow."""

    completions: tuple[Completion, ...]
    partial: Mapping[Prompt, Sequence[int]] | None = None
    """Tokens of generations under way; None: no report."""


@dataclass(frozen=True, slots=True)
class Done:
    """The job is done, but for adapters that failed."""

    failed: Mapping[str, str]
    found: tuple[Liveness, ...] = ()
    """What adapters change."""


@dataclass(frozen=True, slots=True)
class Refused:
    """It cannot be done, by any actor: an error that a user can fix."""

    text: str


@dataclass(frozen=True, slots=True)
class Lost:
    """The actor is no more, or of no more use: killed, its machine gone, its engine broken."""

    reason: str


Message = Opened | Answered | Done | Refused | Lost
"""Every job ends with one message that is not Answered."""


class Cluster(Protocol):
    """Actors by number. A number is never used again."""

    def spawn(self) -> int:
        """Begin to start an actor; its first job waits until it is there."""
        ...

    def submit(self, actor: int, job: Job) -> None:
        """Give a job to an actor that has none."""
        ...

    def next(self, seconds: float) -> tuple[int, Message] | None:
        """The next message of any actor with a job; None where none came in so many seconds."""
        ...

    def kill(self, actor: int) -> None:
        """End an actor, if it is still there; it sends no more messages."""
        ...
