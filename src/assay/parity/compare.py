"""Compares a served model with an audited adapter, over responses that a run recorded. It loads no model.

The responses are those in which adapter and base differ: on others, any of the two would do as well.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Literal

from assay.engines.server.http import Server
from assay.engines.server.options import Connection
from assay.engines.server.pool import spread
from assay.errors import EngineError, RunError
from assay.parity.shortfall import Asker
from assay.plan import Subject
from assay.runs import Run
from assay.stats import word_of_interval
from assay.verdicts import ClaimResult

__all__ = ["Effect", "Parity", "ParitySettings", "Shortfall", "Word", "check_parity"]

SAME = 0.004
"""Mean shortfall in nats per token up to which a model is the audited one: what other kernels and batches make. Twice what vLLM
on a processor differed by from the torch engine, both in bfloat16."""
CLOSE = 0.03
"""Mean shortfall up to which it may be a copy of it, merged or in another precision."""
Word = Literal["same", "close", "another subject", "different"]


@dataclass(frozen=True, slots=True)
class ParitySettings:
    """Which server, and what to ask it."""

    url: str
    adapter: str | None = None
    """The adapter's name in the study; by default the only one."""
    model: str | None = None
    """The server's name for it; by default the adapter's name."""
    kind: Literal["vllm", "other"] = "vllm"
    """`other`: an OpenAI server that echoes a prompt with its log-probabilities."""
    prompts: int = 64
    """The largest number of responses of each subject."""
    key_env: str | None = None
    """The environment variable that holds the server's key."""


@dataclass(frozen=True, slots=True)
class Shortfall:
    """How far the served model is from having written one subject's responses."""

    subject: str
    responses: int
    tokens: int
    mean: float
    """Nats per token."""
    largest: float
    """Of one token, in nats."""
    changed: float
    """Share of the responses in which it holds another token likelier by more than rounding: it would have written another."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What the difference may do to one claim."""

    metric: str
    verdict: str
    interval: tuple[float, float] | None
    """Of the audited gain, widened on both sides by the share of responses that may be others."""
    holds: bool
    """Whether the whole of it gives the same verdict."""


@dataclass(frozen=True, slots=True)
class Parity:
    """What is served under a name, compared with an audited adapter."""

    adapter: str
    model: str
    """The name at the server."""
    word: Word
    resembles: str
    """The subject of the run whose responses it holds likeliest."""
    shortfalls: tuple[Shortfall, ...]
    """The adapter's, then those of every other subject that was asked about."""
    effects: tuple[Effect, ...]

    @property
    def own(self) -> Shortfall:
        """The adapter's."""
        return self.shortfalls[0]

    @property
    def sentence(self) -> str:
        """For a reader."""
        size = f"{self.own.mean:.4f} nats per token over {self.own.responses} responses"
        match self.word:
            case "same":
                return f"{self.model} is the audited {self.adapter} ({size})"
            case "close":
                return (
                    f"{self.model} is close to the audited {self.adapter} ({size}): a merged or quantized copy, another precision, or "
                    f"another scale of an adapter that changes little; {self.own.changed:.0%} of its responses would be others"
                )
            case "another subject":
                return f"{self.model} is {self.resembles}, not the audited {self.adapter} ({size})"
        return (
            f"{self.model} is not the audited {self.adapter} ({size}): other weights, or another scale (look at lora_alpha, "
            f"use_rslora and the server's own); of the run's subjects it is nearest to {self.resembles}"
        )


def check_parity(folder: Path | str, settings: ParitySettings) -> Parity:
    """Ask a server about a complete run's responses. Raises RunError where the run has none to ask about, and EngineError."""
    with Run.open(folder) as run:
        run.check_analyzed()
        adapter = _adapter(run, settings.adapter)
        claims = [claim for claim in run.analyze().claims if claim.adapter == adapter.name]
        texts = _texts(run, adapter, settings.prompts)
    model = settings.model or adapter.name
    server = Server(Connection(settings.url.rstrip("/").removesuffix("/v1"), _key(settings.key_env)))
    try:
        asker = Asker(server, settings.kind)
        shortfalls = tuple(_shortfall(asker, model, name, pairs) for name, pairs in texts.items())
    finally:
        server.close()
    nearest = min(shortfalls, key=lambda shortfall: shortfall.mean)
    word = _word(shortfalls[0], nearest)
    effects = tuple(_effect(claim, shortfalls[0].changed) for claim in claims)
    return Parity(adapter.name, model, word, nearest.subject, shortfalls, effects)


def _word(own: Shortfall, nearest: Shortfall) -> Word:
    if own.mean <= SAME:
        return "same"
    if nearest is not own and nearest.mean <= SAME:
        return "another subject"
    return "close" if own.mean <= CLOSE and nearest is own else "different"


def _adapter(run: Run, name: str | None) -> Subject:
    adapters = {adapter.name: adapter for adapter in run.plan.adapters}
    if name is None and len(adapters) == 1:
        return run.plan.adapters[0]
    if name is None or name not in adapters:
        problem = "several adapters are in this run" if name is None else f"no adapter {name!r} in this run"
        raise RunError(problem, place=run.folder, fix=f"give --adapter, one of {', '.join(adapters)}")
    return adapters[name]


Pairs = Sequence[tuple[str, str]]
"""Prompts as sent, and responses."""


def _texts(run: Run, adapter: Subject, most: int) -> dict[str, Pairs]:
    """By subject, the adapter first: responses in which it and the adapter differ, from all tasks in turn."""
    if run.plan.decoding.temperature or run.plan.decoding.samples > 1:
        raise RunError("its responses were sampled, and parity needs greedy ones", place=run.folder)
    others = [run.plan.bases, run.plan.adapters]
    names = [subject.name for group in others for subject in group if subject.base == adapter.base]
    texts: dict[str, Pairs] = {}
    for name in (name for name in names if name != adapter.name):
        differing = list(_differing(run, adapter.name, name, most))
        if name == adapter.base:
            if not differing:
                raise RunError(
                    f"{adapter.name!r} gives the base's responses to every prompt: nothing tells them apart",
                    place=run.folder,
                )
            texts[adapter.name] = [own for own, _ in differing]
        if differing:
            texts[name] = [theirs for _, theirs in differing]
    return texts


def _differing(
    run: Run, name: str, other: str, most: int
) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    """(prompt and response of a name, those of another) where their responses differ: of each task in turn, `most` at most."""
    tasks = [_of_task(run, name, other, task) for task in run.plan.tasks]
    mixed = (pair for row in zip_longest(*tasks) for pair in row if pair is not None)
    for count, pair in enumerate(mixed):
        if count == most:
            return
        yield pair


def _of_task(run: Run, name: str, other: str, task: str) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    mine, theirs = (_by_turn(run, subject, task) for subject in (name, other))
    for key, own in mine.items():
        pair = theirs.get(key)
        if own[1] and pair is not None and pair[1] and pair[1] != own[1]:
            yield own, pair


def _by_turn(run: Run, name: str, task: str) -> dict[tuple[str, int | None], tuple[str, str]]:
    """(prompt as sent, response) by example and turn; without the scored continuations of an example, which are several."""
    rows: dict[tuple[str, int | None], list[tuple[str, str]]] = {}
    for row in run.records.responses(name, task):
        rows.setdefault((row["key"], row["turn"]), []).append((row["prompt"], row["text"]))
    return {key: texts[0] for key, texts in rows.items() if len(texts) == 1}


def _shortfall(asker: Asker, model: str, subject: str, pairs: Pairs) -> Shortfall:
    def ask(pair: tuple[str, str]) -> list[float] | None:
        return asker.shortfalls(model, *pair)

    asked_for = list(spread(ask, pairs, asker.server.valve.width, asker.server.close))
    known = [tokens for tokens in asked_for if tokens]
    if not known:
        raise EngineError(
            f"the server's tokens of no response of {subject!r} end where its prompt ends",
            fix="is it a server of the same base?",
        )
    every = [value for tokens in known for value in tokens]
    changed = sum(max(tokens) > ROUNDING for tokens in known) / len(known)
    return Shortfall(subject, len(known), len(every), sum(every) / len(every), max(every), changed)


ROUNDING = 0.3
"""Nats by which another token may be likelier where nothing but rounding differs: a little over two steps of bfloat16 between
16 and 32, where logits usually are."""


def _effect(claim: ClaimResult, changed: float) -> Effect:
    """Every response that may be another one may change its prompt's outcome, in the worst case all in one direction."""
    if claim.interval is None:
        return Effect(claim.metric, claim.verdict, None, holds=changed == 0)
    low, high = claim.interval[0] - changed, claim.interval[1] + changed
    ends = [
        (low, low + claim.interval[1] - claim.interval[0]),
        (high - claim.interval[1] + claim.interval[0], high),
    ]
    words = {word_of_interval(claim.kind, claim.margin, *pair) for pair in ends}
    return Effect(claim.metric, claim.verdict, (low, high), words == {claim.verdict})


def _key(variable: str | None) -> str:
    if variable is None:
        return ""
    key = os.environ.get(variable, "").strip()
    if not key:
        raise EngineError(
            f"the variable {variable} is not set here", place="--key-env", fix="set it to the server's key"
        )
    return key
