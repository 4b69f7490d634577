"""Compares a served model with an audited adapter, over responses that a run recorded. It loads no model.

The responses are those in which adapter and base differ: on others, any of the two would do as well.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice, zip_longest
from pathlib import Path
from typing import Literal, NamedTuple

from assay.engines.server.http import Server
from assay.engines.server.options import Connection
from assay.engines.server.pool import spread
from assay.errors import EngineError, RunError
from assay.parity.shortfall import Asker
from assay.plan import MetricName, Subject
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
    """The subject of the run whose responses it holds likeliest, or one that these do not tell from the adapter."""
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
            case "close" if self.resembles != self.adapter:
                return (
                    f"{self.model} may be the audited {self.adapter} ({size}), or {self.resembles}: the responses in which these differ "
                    "do not tell them apart at this server"
                )
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
        ask = partial(_ask, Asker(server, settings.kind), model)
        answers = {name: (ask([pair[1] for pair in pairs]), pairs) for name, pairs in texts.items()}
        own = ask([pair[0] for pair in texts[adapter.base]])
        shortfalls = (
            _shortfall(adapter.name, own),
            *(_shortfall(name, known) for name, (known, _) in answers.items()),
        )
        word, resembles = _word(
            shortfalls, lambda name: _ahead(ask([pair[0] for pair in answers[name][1]]), answers[name][0])
        )
    finally:
        server.close()
    effects = tuple(_effect(claim, _changed_on(own, claim)) for claim in claims)
    return Parity(adapter.name, model, word, resembles, shortfalls, effects)


def _word(shortfalls: Sequence[Shortfall], ahead: Callable[[str], float]) -> tuple[Word, str]:
    """The word, and the subject that is served or resembled.

    ahead: by how many nats a response of the adapter is likelier than one of another subject, where they differ. Long
    responses that differ in a few tokens have small means, whichever of both is served: then this decides.
    """
    own, *others = shortfalls
    nearest = min(shortfalls, key=lambda shortfall: shortfall.mean)
    if own.mean > SAME:
        if nearest is own:
            return ("close" if own.mean <= CLOSE else "different"), own.subject
        return ("another subject" if nearest.mean <= SAME else "different"), nearest.subject
    rivals = {other.subject: ahead(other.subject) for other in others if other.mean <= SAME}
    rival = min(rivals, key=rivals.__getitem__, default="")
    if not rivals or rivals[rival] > 0:
        return "same", own.subject
    return ("another subject" if rivals[rival] < -ROUNDING else "close"), rival


def _adapter(run: Run, name: str | None) -> Subject:
    adapters = {adapter.name: adapter for adapter in run.plan.adapters}
    if name is None and len(adapters) == 1:
        return run.plan.adapters[0]
    if name is None or name not in adapters:
        problem = "several adapters are in this run" if name is None else f"no adapter {name!r} in this run"
        raise RunError(problem, place=run.folder, fix=f"give --adapter, one of {', '.join(adapters)}")
    return adapters[name]


class _Text(NamedTuple):
    task: str
    prompt: str
    """As sent."""
    response: str


Pairs = Sequence[tuple[_Text, _Text]]
"""Of the adapter and of another subject, on one prompt."""
Asked = Sequence[tuple[str, list[float]]]
"""Of each response: its task, and the shortfall of each token; none where these are not known."""


def _texts(run: Run, adapter: Subject, most: int) -> dict[str, Pairs]:
    """By subject, the base first: responses in which it and the adapter differ, from all tasks in turn."""
    tasks = [
        task for task in run.plan.tasks if not run.records.protocol(adapter.name, task).get("temperature")
    ]
    if not tasks or run.plan.decoding.temperature:
        raise RunError("its responses were sampled, and parity needs greedy ones", place=run.folder)
    others = [run.plan.bases, run.plan.adapters]
    names = [subject.name for group in others for subject in group if subject.base == adapter.base]
    texts: dict[str, Pairs] = {}
    for name in (name for name in names if name != adapter.name):
        of_tasks = [_of_task(run, adapter.name, name, task) for task in tasks]
        mixed = (pair for row in zip_longest(*of_tasks) for pair in row if pair is not None)
        if pairs := list(islice(mixed, most)):
            texts[name] = pairs
        elif name == adapter.base:
            raise RunError(
                f"{adapter.name!r} gives the base's responses to every prompt: nothing tells them apart",
                place=run.folder,
            )
    return texts


def _of_task(run: Run, name: str, other: str, task: str) -> Iterator[tuple[_Text, _Text]]:
    """A name's response and another's, where they differ."""
    mine, theirs = (_by_turn(run, subject, task) for subject in (name, other))
    for key, own in mine.items():
        pair = theirs.get(key)
        if own.response and pair is not None and pair.response and pair.response != own.response:
            yield own, pair


def _by_turn(run: Run, name: str, task: str) -> dict[tuple[str, int | None], _Text]:
    """By example and turn; without the scored continuations of an example, which are several."""
    rows: dict[tuple[str, int | None], list[_Text]] = {}
    for row in run.records.responses(name, task):
        rows.setdefault((row["key"], row["turn"]), []).append(_Text(task, row["prompt"], row["text"]))
    return {key: texts[0] for key, texts in rows.items() if len(texts) == 1}


def _ask(asker: Asker, model: str, texts: Sequence[_Text]) -> Asked:
    def ask(text: _Text) -> tuple[str, list[float]]:
        return text.task, asker.shortfalls(model, text.prompt, text.response) or []

    return list(spread(ask, texts, asker.server.valve.width, asker.server.close))


def _shortfall(subject: str, answers: Asked) -> Shortfall:
    known = [tokens for _, tokens in answers if tokens]
    if not known:
        raise EngineError(
            f"the server's tokens of no response of {subject!r} end where its prompt ends",
            fix="is it a server of the same base?",
        )
    every = [value for tokens in known for value in tokens]
    return Shortfall(subject, len(known), len(every), sum(every) / len(every), max(every), _changed(known))


def _changed(known: Sequence[list[float]]) -> float:
    return sum(max(tokens) > ROUNDING for tokens in known) / len(known)


def _changed_on(answers: Asked, claim: ClaimResult) -> float:
    """The share of changed responses to a claim's own task; of all tasks where none of it was asked about."""
    known = [(task, tokens) for task, tokens in answers if tokens]
    of_task = [tokens for task, tokens in known if task == MetricName.parse(claim.metric).task]
    return _changed(of_task or [tokens for _, tokens in known])


def _ahead(own: Asked, others: Asked) -> float:
    """By how many nats, in the mean over pairs, the adapter's response is likelier than the other's; both favourites apart."""
    both = [
        (sum(mine), sum(theirs))
        for (_, mine), (_, theirs) in zip(own, others, strict=True)
        if mine and theirs
    ]
    return sum(theirs - mine for mine, theirs in both) / len(both) if both else 0.0


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
