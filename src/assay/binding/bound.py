"""What a bound study is: tasks with their examples, claims, and rounds of subjects to be asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any

from assay.engines import Problem, Prompt, Session
from assay.study import Study
from assay.tasks import Example, Task
from assay.tasks.task import Ask
from assay.verdicts import Claim

__all__ = ["Bound", "Cell", "Found", "Round"]


@dataclass(frozen=True, slots=True)
class Cell:
    """One subject on one task: who answers, to what, and under what protocol."""

    ask: Prompt
    """What is asked, but for example, prompt and sample."""
    identity: Mapping[str, Any]
    protocol: Mapping[str, Any]
    sent: Mapping[str, str]
    """Prompt as sent, by the example's key; the first of several."""
    samples: int = 1
    after: str | None = None
    """What verifiers see of a generated response begins behind the first such mark."""
    asks: Mapping[str, tuple[Ask, ...]] = field(default_factory=dict)
    """All that is asked about each example, nothing in it left open; empty where it is the prompt, under `ask`."""

    @property
    def name(self) -> str:
        """Of the subject under this protocol, as records keep it."""
        return self.ask.name

    @property
    def task(self) -> str:
        """Name of the task."""
        return self.ask.task

    def requests(self) -> Iterator[Prompt]:
        """Everything to be asked."""
        for key, prompt in self.sent.items():
            for sample in range(self.samples):
                one = replace(self.ask, example=key, text=prompt, sample=sample)
                if self.asks:
                    yield from (_asking(one, index, ask) for index, ask in enumerate(self.asks[key]))
                else:
                    yield one


def _asking(one: Prompt, index: int, ask: Ask) -> Prompt:
    return replace(
        one,
        request=index,
        text=ask.prompt,
        kind=ask.kind,
        continuation=ask.continuation,
        max_tokens=ask.max_tokens or one.max_tokens,
        stop=ask.stop or (),
        temperature=ask.temperature or 0.0,
    )


@dataclass(frozen=True, slots=True)
class Round:
    """Subjects that are asked together: a base with all its adapters, or everything that is recorded."""

    cells: tuple[Cell, ...]
    open: Callable[[], AbstractContextManager[Session]]
    """Loads what answers."""
    base: str = ""
    """Empty for what is recorded."""
    again: tuple[Cell, ...] = ()
    """The base once more, on a sample of the prompts and without its adapters: the noise floor."""
    provenance: Mapping[str, str] = field(default_factory=dict)
    """Versions of the software that answers, and its device."""

    @property
    def adapters(self) -> dict[str, Mapping[str, Any]]:
        """Identity of each adapter that can be asked; empty for what is recorded."""
        if not self.base:
            return {}
        return {cell.name: cell.identity for cell in self.cells if cell.ask.subject != self.base}


@dataclass(frozen=True, slots=True)
class Found:
    """What answers a study's tasks."""

    rounds: tuple[Round, ...] = ()
    problems: tuple[Problem, ...] = ()
    """Of weights; an adapter with an `error` is in no round."""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bound:
    """A study with everything that it names found and checked."""

    study: Study
    tasks: Mapping[str, Task]
    examples: Mapping[str, tuple[Example, ...]]
    claims: tuple[Claim, ...]
    found: Found = Found()
    summary: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def rounds(self) -> tuple[Round, ...]:
        """Subjects to be asked together, a round after the other."""
        return self.found.rounds

    @property
    def generates(self) -> bool:
        """Whether the responses are still to be made."""
        return self.study.engine.name != "recorded" and self.study.summary is None

    def cells(self) -> Iterator[Cell]:
        """Every subject on every task, and the base's second passes."""
        for one in self.rounds:
            yield from one.cells
            yield from one.again
