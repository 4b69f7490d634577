"""The one interface between assay and an engine: prompts go in, completions come out.

An engine for weights has two halves: a preflight checks a base and its adapters and loads no weights (`preflight`);
its `load` gives a session, which completes prompts. An engine knows no claim, task or store.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

from assay.plan import Problem, RowKey
from assay.stats import Verdict

__all__ = [
    "AGAIN",
    "NO_PROMPTS",
    "PROBED",
    "Completion",
    "Kind",
    "Liveness",
    "ModelRef",
    "Partial",
    "Problem",
    "Prompt",
    "Session",
    "complete_from",
    "completions",
    "cut_after",
    "is_again",
    "named",
    "opening_tag",
]

Kind = Literal["generate", "loglikelihood"]


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt for one subject."""

    subject: str
    """Name of the base or adapter, unique in the study."""
    task: str
    """The task's name in the study."""
    example: str
    """Key of the example within the task."""
    text: str
    """As sent."""
    sample: int = 0
    """Repeat under sampling."""
    request: int = 0
    """Which of several continuations of one example, or which turn of a conversation."""
    kind: Kind = "generate"
    """Whether to write a response, or to score a continuation."""
    continuation: str = ""
    """What to score after the prompt; `loglikelihood` only."""
    max_tokens: int = 256
    """Generation ends after so many tokens; `generate` only, like all below."""
    stop: tuple[str, ...] = ()
    """Generation ends before the first of these texts; an empty one is passed over."""
    temperature: float = 0.0
    """0: greedy."""
    seed: int = 0
    """Sampling draws depend on seed, task, example and sample: not on the subject, nor on the batch."""
    ends: tuple[int, ...] = ()
    """Tokens that end generation, beside those of the base; `generate` only."""
    variant: str = ""
    """Which of several protocols the subject answers under; empty for the study's own."""
    follows: bool = False
    """Whether its text is made of the answers to the turns before; until they are known it is empty."""
    room: int = field(default=0, compare=False)
    """Tokens that the turns after it are expected to add to prompt and response."""
    then: Callable[[Completion], Prompt] | None = field(default=None, compare=False, repr=False)
    """Makes the next prompt of its conversation from its completion; None where it is the last."""

    @property
    def name(self) -> str:
        """Of the subject under this protocol, as records keep it."""
        return named(self.subject, self.variant)

    @property
    def key(self) -> RowKey:
        """Of the response to it, as records keep it."""
        return RowKey(self.name, self.task, self.example, self.sample, self.request)


def named(subject: str, variant: str) -> str:
    """A subject under a variant of the protocol; no subject's own name has a `/`."""
    return f"{subject}/{variant}" if variant else subject


AGAIN = "again"
"""Variant of a second pass."""


def is_again(name: str) -> bool:
    """Whether a name in the records means a second pass, which is no subject of the study."""
    return name.endswith(f"/{AGAIN}")


@dataclass(frozen=True, slots=True)
class Completion:
    """A response, before it is scored."""

    prompt: Prompt
    """What it answers."""
    text: str
    """The whole text, nothing removed."""
    skip: int = 0
    """Characters at the start of `text` that are not scored (thinking, an echoed prompt)."""
    null: bool = False
    """There was no text at all (a JSON null); scored as empty, and counted."""
    tokens: int | None = None
    """The number of generated tokens, if the engine knows it."""
    finish: str | None = None
    """`stop` or `length`, if known."""
    logprob: float | None = None
    """Summed over the continuation, natural logarithm; `loglikelihood` only."""
    greedy: bool | None = None
    """Whether the continuation is what greedy decoding gives; `loglikelihood` only."""
    seconds: float | None = None
    """From when the prompt entered a batch to its last token: batched prompts overlap."""

    @property
    def scored_text(self) -> str:
        """The part that verifiers see."""
        return self.text[self.skip :]

    @property
    def following(self) -> tuple[Prompt, ...]:
        """The next prompt of its conversation; none where its prompt was the last."""
        return () if self.prompt.then is None else (self.prompt.then(self),)


@dataclass(frozen=True, slots=True)
class Partial:
    """What generations under way hold so far."""

    rows: Mapping[Prompt, Sequence[int]]
    """Tokens of each generation that has any, its prompt's left out."""


_CLOSING = re.compile(r"[<\[]/\w+[>\]]")


def cut_after(text: str, mark: str | None, prompt: str = "", thinking: bool = False) -> int:
    """How many characters at the start of a text are not judged: up to the end of the first mark, if any.

    White space at the end of the mark may be missing. A thought that never closes holds no answer: all of a text is skipped that
    lacks the closing tag of the mark (`</think>`), where the text or the end of its prompt opens it, or `thinking` says that
    something else did.
    """
    for form in (mark, mark.rstrip()) if mark else ():
        if form and (start := text.find(form)) >= 0:
            return start + len(form)
    tag = opening_tag(mark)
    if not tag or (closing := text.rfind(f"{tag[0]}/{tag[1:]}")) > (opening := text.rfind(tag)):
        return 0
    return len(text) if thinking or opening > closing or prompt.rstrip().endswith(tag) else 0


def opening_tag(mark: str | None) -> str:
    """`<think>` of a mark with `</think>`; empty where a mark closes no tag."""
    closing = _CLOSING.search(mark or "")
    return closing[0].replace("/", "", 1) if closing else ""


NO_PROMPTS: Mapping[str, Sequence[str]] = {}
PROBED = 4
"""Tasks of which a prompt joins the probe prompts: what an adapter changes may show under its template only."""


@dataclass(frozen=True, slots=True)
class ModelRef:
    """A base or an adapter as a study names it."""

    name: str
    source: Path | str
    """A folder, a GGUF file, or a hub id."""
    revision: str | None = None
    """Of the hub id."""
    folder: str | None = None
    """Within the hub's repository; None: its top."""
    file: str | None = None
    """The GGUF file in the folder, or in the hub's repository."""
    scale: float = 1.0
    """The strength at which an adapter is applied; 1: as it was trained."""

    @property
    def address(self) -> str:
        """Its source for a reader: `owner/library/relevance/lora`."""
        return f"{self.source}/{self.folder}" if self.folder else str(self.source)


@dataclass(frozen=True, slots=True)
class Liveness:
    """What one adapter changes, on probe prompts."""

    adapter: str
    modules: int | None
    """Layers of the base that it changes; None where the engine does not see them."""
    norm: float | None
    """Frobenius norm of the weight change over all layers; None likewise."""
    largest: float
    """Largest absolute difference of a logit, or of a log-probability, from the base's; NaN: one is not finite."""
    divergence: float
    """Mean over the positions of the probe prompts of KL(adapter || base), in nats; NaN: not measured."""
    differ: float
    """Share of the probe prompts with another response than the base's."""
    verdict: Verdict | None = None
    """What its claims end as without a response: `not applied`, or `not measured`; None where it is alive."""
    reason: str = ""
    """Why they do; empty where it is alive."""
    again: bool = False
    """Whether to probe it at every start: what a server applies is not decided by files."""

    @property
    def alive(self) -> bool:
        """Whether it was seen to change something, and all its logits and the base's are finite."""
        return self.verdict is None


class Session(Protocol):
    """A base and its adapters, in memory: completes prompts in any order, each exactly once.

    Where a completion has a `following` prompt, that is completed too, in the same call.
    """

    def complete(self, prompts: Iterable[Prompt]) -> Iterator[Completion]:
        """Yield one completion for each prompt and each that follows. Raises AssayError if one cannot be answered."""
        ...

    @property
    def failed(self) -> Mapping[str, str]:
        """Adapters that could not be loaded or asked after all, and why; it may grow. They yield no completion."""
        ...

    @property
    def provenance(self) -> Mapping[str, str]:
        """What of the software and hardware is known only once weights are loaded; it joins the preflight's."""
        ...

    def liveness(
        self, adapters: Sequence[str], sent: Mapping[str, Sequence[str]] = NO_PROMPTS
    ) -> list[Liveness]:
        """What each of these changes on probe prompts, and on prompts as they will be sent to it, by its name."""
        ...


@runtime_checkable
class Resumable(Protocol):
    """What a session may offer in addition: it tells what generations under way hold, and continues them."""

    def resume(
        self, prompts: Iterable[Prompt], begun: Mapping[Prompt, Sequence[int]], every: float
    ) -> Iterator[Completion | Partial]:
        """Like `complete`, and a Partial every so many seconds.

        Generations start with the tokens in `begun`, which come from an earlier session of the same content. The draws
        of sampling depend on the number of tokens before them, so that tokens are all there is to keep.
        """
        ...


def complete_from(
    session: Session, prompts: Iterable[Prompt], begun: Mapping[Prompt, Sequence[int]], every: float
) -> Iterator[Completion | Partial]:
    """Resume where the session can; otherwise complete the prompts from the start."""
    if isinstance(session, Resumable):
        return session.resume(prompts, begun, every)
    return session.complete(prompts)


def completions(items: Iterable[Completion | Partial]) -> Iterator[Completion]:
    """The completions alone."""
    return (item for item in items if isinstance(item, Completion))
