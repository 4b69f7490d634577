"""What a task is: examples, metrics, and a verifier. It knows no subject and no model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

from assay.plan import Metric

__all__ = [
    "Answer",
    "Chat",
    "Example",
    "Form",
    "HubData",
    "Metric",
    "Request",
    "Score",
    "Task",
    "transcript",
]

Chat = Callable[[Sequence[Mapping[str, str]], bool], str]
"""Turns of a conversation (`role`, `content`) as a model's template writes them, ready for an answer; with
True the last turn is the beginning of that answer."""


@dataclass(frozen=True, slots=True)
class Example:
    """One prompt of a task and what its verifier needs."""

    key: str
    """Unique within the task."""
    prompt: str
    """The user's turn, before any chat template."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """For the verifier, JSON only: instruction ids and arguments, the right answer."""


@dataclass(frozen=True, slots=True)
class Request:
    """One continuation of an example; what is None the study and the task's form decide."""

    prompt: str
    """As sent."""
    kind: Literal["generate", "loglikelihood"] = "generate"
    continuation: str = ""
    """What to score after the prompt; `loglikelihood` only."""
    max_tokens: int | None = None
    """Longest response, where the study says nothing; `generate` only, like all below."""
    stop: tuple[str, ...] | None = None
    """A response ends before the first of these texts."""
    temperature: float | None = None
    """Where the study says nothing."""
    say: str = ""
    """What the user says in this turn of a conversation: the prompt is the turns before with their answers, then this."""


def transcript(turns: Sequence[Mapping[str, str]], begun: bool = False) -> str:  # noqa: ARG001
    """A conversation without a chat template, ready for an answer: `User:` and `Assistant:` before what each said.

    An answer is written as it was generated, so that the next prompt begins with what was read and written before.
    """
    return "".join(
        f"User: {turn['content']}\n\nAssistant:" if turn["role"] == "user" else f"{turn['content']}\n\n"
        for turn in turns
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back to one `Request`."""

    text: str
    """The judged part of a response; of a scored continuation, the continuation."""
    logprob: float | None = None
    """Of a scored continuation; natural logarithm."""
    greedy: bool | None = None
    """Whether a scored continuation is what greedy decoding gives."""


@dataclass(frozen=True, slots=True)
class Form:
    """The form of a task's prompts where the study does not set it. All of it is part of the protocol."""

    max_tokens: int
    """Longest response."""
    stop: tuple[str, ...] = ()
    """A response ends before the first of these texts, without a chat template; with one, its own end."""
    shots: int = 0
    """Worked examples before the question, without a chat template."""
    chat_shots: int = 0
    """Worked examples before the question, with one."""
    most_shots: int = 0
    """Worked examples that a study may ask for, with a chat template too; 0: the task has none."""
    version: str = "1"
    """Of the text around an example; change it with that text."""

    def shots_with(self, chat: bool) -> int:
        """Worked examples where the study says nothing."""
        return self.chat_shots if chat else self.shots

    def stop_with(self, chat: bool) -> tuple[str, ...]:
        """What ends a response; nothing under a chat template, where it could cut an answer short."""
        return () if chat else self.stop

    def refusal(self, shots: int) -> str:
        """Why a study cannot have so many worked examples, and the fix; empty where it can."""
        if not self.most_shots:
            return "this task has no worked examples; remove the line"
        if shots > self.most_shots:
            return f"{shots} worked examples, of {self.most_shots} that this task has; ask for fewer"
        return ""


@dataclass(frozen=True, slots=True)
class HubData:
    """Where a task's examples are on the hub."""

    repo: str
    """`google/IFEval`"""
    revision: str | None
    """A commit, in full for a task; None: the newest."""
    split: str | None
    config: str | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """A verifier's verdict on one response."""

    passed: tuple[int, ...]
    """In the order of the task's metrics."""
    out_of: tuple[int, ...]
    """In the same order; depends on the example alone, never on the response."""
    detail: Mapping[str, Any] = field(default_factory=dict)
    """JSON for people and exports: per-check verdicts, reasons, what was extracted."""


class Task(ABC):
    """A benchmark. A new one is one file that subclasses this, and one line in `assay.tasks.registry`."""

    kind: ClassVar[str]
    """What a study file calls it: `ifeval`."""
    capability: ClassVar[str]
    """What it measures; a label of this name claims a gain here by default."""
    metrics: ClassVar[tuple[Metric, ...]]
    """The first is the primary metric."""
    data_field: ClassVar[str]
    """The study file's field that names the data: `prompts` or `examples`."""
    source: ClassVar[str] = ""
    """Where a user gets that file."""
    data: ClassVar[Path | None] = None
    """That file, where the task itself knows it; a study may name another."""
    form: ClassVar[Form]
    """The form of its prompts."""
    hub: ClassVar[HubData | None] = None
    """Where its examples are read from when the study names no file."""
    modes: ClassVar[tuple[str, ...]] = ("reference",)
    """Ways to verify; the first is the default."""
    version: ClassVar[str]
    """Of the verifier. Change it when any score could change: stored responses are then scored again."""

    packages: ClassVar[tuple[str, ...]] = ()
    """Packages of extras that a score can depend on; a run records the versions of those that are installed."""

    def __init__(self, name: str | None = None, mode: str | None = None) -> None:
        self.name = name or self.kind
        self.mode = mode or self.modes[0]

    def passed(self, checks: Mapping[str, Any]) -> tuple[int, ...]:
        """The counts of a detail's `strict` and `loose` checks, in the order of the metrics.

        A task with two modes keeps the other mode's checks in `detail["other"]`, with `why` they differ.
        """
        raise NotImplementedError(f"{self.kind} has one mode")

    @property
    def scorer(self) -> str:
        """Identity of the verifier: scores under another one are never mixed with these."""
        return f"{self.kind}/{self.version}/{self.mode}"

    @abstractmethod
    def read(self, path: Path) -> tuple[Example, ...]:
        """The examples in a file, in its order. Raises TaskError naming file, line and fix."""

    def draw(self, limit: int | None, seed: int) -> tuple[Example, ...] | None:  # noqa: ARG002
        """Examples that the task draws itself, `limit` of them or as many as it sees fit; None: it draws none.

        The same limit and seed give the same examples, and a larger limit the same ones first.
        """
        return None

    def prompt(self, example: Example, chat: bool, shots: int) -> str:  # noqa: ARG002
        """The text that is sent: the user's turn under a chat template, else the whole text to continue.

        `shots` worked examples come first, of at most `form.most_shots`.
        """
        return example.prompt

    def turns(self, example: Example) -> tuple[str, ...]:
        """What the user says, turn by turn; each answer goes into the next prompt. By default there is one turn."""
        return (example.prompt,)

    def requests(
        self, examples: Sequence[Example], chat: Chat | None, shots: int
    ) -> Iterator[tuple[Request, ...]]:
        """What is asked about each example, in their order: by default its turns.

        `chat` applies the chat template; None: there is none, and a conversation is written as `transcript` does.
        """
        for example in examples:
            text = user = self.prompt(example, chat is not None, shots)
            _, *later = self.turns(example)
            if chat or later:
                text = (chat or transcript)(({"role": "user", "content": user},), False)
            yield (Request(text, say=user if later else ""), *(Request("", say=turn) for turn in later))

    def cluster(self, example: Example) -> str:
        """A name that examples share which are not independent evidence: by default what the file calls it."""
        return str(example.data.get("cluster", example.key))

    def groups_examples(self, examples: Iterable[Example] = ()) -> bool:
        """Whether `cluster` says which examples are not independent evidence: always, or for these."""
        return type(self).cluster is not Task.cluster or any(
            "cluster" in example.data for example in examples
        )

    def asked(self, example: Example) -> str:
        """All that is asked: examples that ask the same are one piece of evidence."""
        return example.prompt or example.key

    def require(self, examples: Sequence[Example]) -> None:  # noqa: B027 - most tasks need nothing
        """Raise TaskError if something that these examples' verifiers need (a tokenizer) is missing."""

    @abstractmethod
    def score(self, example: Example, response: str) -> Score:
        """Judge one response. Pure and deterministic: the same on every thread and run."""

    def score_answers(self, example: Example, answers: Sequence[Answer]) -> Score:
        """Judge the answers to all requests about an example, or to all turns, in order; by `score` where there is one text."""
        return self.score(example, answers[0].text)

    def averages(self, examples: Sequence[Example], scores: Sequence[Score]) -> Mapping[str, float]:  # noqa: ARG002
        """Further numbers over scored examples, by name, which `assay score` shows: none by default."""
        return {}
