"""Types of a run's work: workloads (a subject on a task under a protocol), in groups that generate together.

They know no records and no score."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any

from assay.engines import Prompt, Session
from assay.plan import Problem
from assay.tasks import Example, Task
from assay.tasks.task import Chat, Request, transcript

__all__ = ["BaseGroup", "Responses", "Work", "Workload"]


@dataclass(frozen=True, slots=True)
class Workload:
    """One subject on one task: its prompts and its protocol."""

    prompt: Prompt
    """What its prompts share: everything except example, text and sample."""
    identity: Mapping[str, Any]
    protocol: Mapping[str, Any]
    texts: Mapping[str, str]
    """Prompt as sent, by the example's key; the first of several."""
    samples: int = 1
    after: str | None = None
    """Verifiers see only what follows the first such mark in a generated response."""
    asks: Mapping[str, tuple[Request, ...]] = field(default_factory=dict)
    """All requests about each example, with every setting filled in; empty where there is only one, the example's text."""
    converse: Chat = field(default=transcript, compare=False, repr=False)
    """Writes a conversation as it is sent."""

    @property
    def name(self) -> str:
        """Name of the subject under this protocol, as in the records."""
        return self.prompt.name

    @property
    def task(self) -> str:
        """Name of the task."""
        return self.prompt.task

    @property
    def turns(self) -> int:
        """The most turns that a conversation has; 1 where examples are asked once."""
        return max((len(several) for several in self.asks.values() if several[-1].say), default=1)

    def prompts(self) -> Iterator[Prompt]:
        """Every prompt, in the order of the examples."""
        for key, text in self.texts.items():
            for sample in range(self.samples):
                prompt = replace(self.prompt, example=key, text=text, sample=sample)
                if not self.asks:
                    yield prompt
                for request, ask in enumerate(self.asks.get(key, ())):
                    yield _request(prompt, request, ask)


def _request(prompt: Prompt, request: int, ask: Request) -> Prompt:
    return replace(
        prompt,
        request=request,
        text=ask.prompt,
        kind=ask.kind,
        continuation=ask.continuation,
        max_tokens=ask.max_tokens or prompt.max_tokens,
        stop=ask.stop or (),
        temperature=ask.temperature or 0.0,
        follows=bool(ask.say) and request > 0,
    )


@dataclass(frozen=True, slots=True)
class BaseGroup:
    """Subjects that generate together: a base with all its adapters, or everything that is recorded."""

    workloads: tuple[Workload, ...]
    open: Callable[[], AbstractContextManager[Session]]
    """Loads the engine's session."""
    base: str = ""
    """Empty for recorded responses."""
    again: tuple[Workload, ...] = ()
    """What may be asked a second time, after all others, to measure the engine's noise: the base and every adapter."""
    repeats: int = 0
    """Examples that the base and an adapter answer twice."""
    provenance: Mapping[str, str] = field(default_factory=dict)
    """Versions of the software that generates, and its device."""
    context: int | None = None
    """Positions of a prompt and its response together; None where that is not known."""
    needed: bool = False
    """It answers even without a usable adapter: a full model, or a base that one is compared with."""

    @property
    def adapters(self) -> dict[str, Mapping[str, Any]]:
        """Identity of each usable adapter; empty for recorded responses."""
        if not self.base:
            return {}
        return {
            load.prompt.subject: load.identity for load in self.workloads if load.prompt.subject != self.base
        }


@dataclass(frozen=True, slots=True)
class Responses:
    """Where the responses to a study's tasks come from."""

    groups: tuple[BaseGroup, ...] = ()
    problems: tuple[Problem, ...] = ()
    """Findings about weights; an adapter with an `error` is in no group."""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Work:
    """How a plan's responses are obtained, and the tasks that score them."""

    tasks: Mapping[str, Task]
    examples: Mapping[str, tuple[Example, ...]]
    groups: tuple[BaseGroup, ...] = ()
    sources: tuple[Mapping[str, str], ...] = ()
    """Files of each task, in order, to keep in the run's folder, by name."""

    def workloads(self) -> Iterator[Workload]:
        """Every subject on every task, and whatever may be asked a second time."""
        for group in self.groups:
            yield from group.workloads
            yield from group.again
