"""The settings of a study: decoding, engine, judge, stop rule, the gate's policy. It knows no subject and no task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from assay.plan.fields import Cut, Digest, Fields, Free, Line, Listed, Name, Seed, Url, Variable, fault
from assay.stats import Verdict

__all__ = ["Decoding", "EngineSettings", "JudgeSettings", "Policy", "StopRule"]

SERVER_FIELDS = ("url", "server", "key_env", "concurrency", "timeout")
"""Fields of `engine` that only an engine behind a server has."""
Word = Annotated[Verdict, Field(strict=False)]


class Decoding(Fields):
    """How to generate. What is not set is decided by the task."""

    max_tokens: Annotated[int, Field(gt=0)] | None = None
    """Tokens of the longest response, for tasks without a limit of their own."""
    temperature: Annotated[float, Field(ge=0)] | None = None
    """The sampling temperature; 0 is greedy."""
    samples: Annotated[int, Field(gt=0)] = 1
    """Responses to each prompt."""
    seed: Seed = 0
    """Seed of the sampling."""
    template: Line | None = None
    """The chat template: `chat` (the base's own), `none`, or a template file."""
    after: Cut | None = None
    """Keep what follows the first such mark, where there is one."""


class EngineSettings(Fields):
    """What generates."""

    name: Line = ""
    """`torch`, `vllm`, `ray:torch`, ...; `torch` where a subject has weights, else `recorded`."""
    dtype: Name | None = None
    """The data type of the weights; the engine's choice by default."""
    quantization: Name | None = None
    """How the base is quantized when it is loaded; not at all by default."""
    url: Url | None = None
    """A server's address, for the engine `openai`; it holds no key and no password."""
    server: Name | None = None
    """The kind of server: `vllm`, `sglang`, `lorax`, `tgi`, `transformers`, `llama.cpp` or `other`."""
    key_env: Variable | None = None
    """Environment variable that holds the server's key; the key itself is never written down."""
    concurrency: Annotated[int, Field(gt=0, le=4096)] | None = None
    """The largest number of requests at a server at once."""
    timeout: Annotated[float, Field(gt=0)] | None = None
    """Seconds that a server may take for one answer."""
    options: Mapping[Line, Free] = {}
    """Options of the engine itself."""

    @model_validator(mode="after")
    def _of_a_server(self) -> EngineSettings:
        given = [name for name in SERVER_FIELDS if getattr(self, name) is not None]
        if given and self.name != "openai":
            raise fault(f"`{given[0]}` is for servers", "write `name: openai`, or remove it")
        return self


class StopRule(Fields):
    """When to stop generating, and how to take looks before the end."""

    when: Literal["full", "decided"] = "full"
    """After all prompts, or for each adapter and task as soon as every claim on it is settled."""
    design: Literal["group", "betting"] = "group"
    """`group`: group-sequential, with declared looks and nearly the power of a full run; `betting`: exact at any look, with
    less power."""
    first: Annotated[int, Field(gt=0)] = 64
    """Prompts before the first look."""
    every: Annotated[int, Field(gt=0)] = 32
    """Prompts between looks."""
    elsewhere: Annotated[int, Field(gt=0)] | None = None
    """Prompts of a task on which an adapter claims nothing; all by default."""
    pool: bool = False
    """Also report what the full list of prompts would print; it is not a verdict."""


class JudgeSettings(Fields):
    """A model that judges responses, for tasks that no rule decides, behind a server with OpenAI's chat API."""

    model: Line
    """The server's name for it; give one with a date or a revision, since the model behind a bare name may change."""
    url: Url
    """The server's address; it holds no key and no password."""
    key_env: Variable | None = None
    """Environment variable that holds the server's key; the key itself is never written down."""
    max_tokens: Annotated[int, Field(gt=0)] = 2048
    """Tokens of the longest answer."""
    concurrency: Annotated[int, Field(gt=0, le=4096)] | None = None
    """The largest number of requests at once."""
    timeout: Annotated[float, Field(gt=0)] | None = None
    """Seconds that one answer may take."""
    options: Mapping[Line, Free] = {}
    """More fields of each request, as in `reasoning_effort: low`; a name without a value leaves that field out."""


class Policy(Fields):
    """Verdicts that the gate passes and fails; a verdict in neither list leaves an adapter undecided."""

    passing: Annotated[tuple[Word, ...], Listed] = tuple(word for word in Verdict if word.tone == "good")
    """An adapter passes if every claim has one of these verdicts."""
    failing: Annotated[tuple[Word, ...], Field(strict=False)] = tuple(
        word for word in Verdict if word.tone == "bad"
    )
    """An adapter fails if any claim has one of these verdicts."""
    tolerated_harm: Annotated[float, Field(gt=0, le=1)] | None = None
    """The off-target fall that must be excluded, to pass; by default each metric's margin. 1 tolerates any."""
    drift_budget: Annotated[float, Field(ge=0)] | None = None
    """The largest drift (variant `gap`) to pass, in addition to the verdicts, never instead of them; by default any."""
    required: Annotated[tuple[Name, ...], Field(strict=False)] = ()
    """Tasks without which no adapter passes: it fails where one is missing. By default a missing task leaves it undecided."""
    advisory: Annotated[tuple[Name, ...], Field(strict=False)] = ()
    """Tasks whose rules are shown and change no outcome."""
    current_bases: Mapping[Name, Digest] = {}
    """By base: the commit or digest that is in use now, or its first digits. A result on another is stale; by default none is."""
    max_age_days: Annotated[float, Field(gt=0)] | None = None
    """Days after which a result is stale, from the oldest response that it rests on; by default never."""

    @property
    def expires(self) -> bool:
        """Whether a result may be stale under it."""
        return bool(self.current_bases) or self.max_age_days is not None

    @model_validator(mode="after")
    def _disjoint(self) -> Policy:
        for first, second in (("passing", "failing"), ("required", "advisory")):
            if both := [word for word in getattr(self, first) if word in getattr(self, second)]:
                raise fault(f"`{both[0]}` is both in `{first}` and in `{second}`", "remove it from one")
        return self
