"""The settings of a study: decoding, engine, judge, stop rule, the gate's policy. It knows no subject and no task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from assay.plan.fields import (
    Cut,
    Digest,
    Fields,
    Free,
    Line,
    Listed,
    Margin,
    Name,
    Seed,
    Url,
    Variable,
    fault,
)
from assay.stats import Verdict

__all__ = ["Decoding", "EngineSettings", "JudgeSettings", "Policy", "StopRule"]

SERVER_FIELDS = ("url", "server", "key_env", "concurrency", "timeout")
"""Fields of `engine` that only an engine behind a server has."""
Word = Annotated[Verdict, Field(strict=False)]


class Decoding(Fields):
    """How to generate. A field that is not set has the task's own value."""

    max_tokens: Annotated[int, Field(gt=0)] | None = None
    """The largest number of tokens in a response, for tasks without `max_tokens` of their own."""
    temperature: Annotated[float, Field(ge=0)] | None = None
    """The sampling temperature; 0 is greedy."""
    samples: Annotated[int, Field(gt=0)] = 1
    """The number of responses to each prompt."""
    seed: Seed = 0
    """Seed of the sampling."""
    template: Line | None = None
    """The chat template: `chat` (the base's own), `none`, or a template file."""
    after: Cut | None = None
    """Score only the text after the first occurrence of this mark, if it occurs."""


class EngineSettings(Fields):
    """The engine that generates responses."""

    name: Line = ""
    """`torch`, `vllm`, `openai`, `ray:torch`, ...; by default `torch` if a subject has weights, else `recorded`."""
    dtype: Name | None = None
    """The data type of the weights; the engine's choice by default."""
    quantization: Name | None = None
    """How the base is quantized when it is loaded; by default it is not."""
    url: Url | None = None
    """A server's address, for the engine `openai`; it holds no key and no password."""
    server: Name | None = None
    """The kind of server: `vllm`, `sglang`, `lorax`, `tgi`, `transformers`, `llama.cpp` or `other`."""
    key_env: Variable | None = None
    """Environment variable that holds the server's key; the key itself is never written down."""
    concurrency: Annotated[int, Field(gt=0, le=4096)] | None = None
    """The largest number of requests that a server gets at once."""
    timeout: Annotated[float, Field(gt=0)] | None = None
    """How many seconds a server may take for one response."""
    options: Mapping[Line, Free] = {}
    """The engine's own options."""

    @model_validator(mode="after")
    def _of_a_server(self) -> EngineSettings:
        given = [name for name in SERVER_FIELDS if getattr(self, name) is not None]
        if given and self.name != "openai":
            raise fault(f"`{given[0]}` is for servers", "write `name: openai`, or remove it")
        return self


class StopRule(Fields):
    """When to stop generating, and the interim looks of a run that stops early."""

    when: Literal["full", "decided"] = "full"
    """`full`: after all prompts; `decided`: for each adapter and task when all claims of the adapter on it are settled."""
    design: Literal["group", "betting"] = "group"
    """`group`: group-sequential, with declared looks and nearly the power of a full run; `betting`: exact at any look, with
    less power."""
    first: Annotated[int, Field(gt=0)] = 64
    """Prompts before the first look."""
    every: Annotated[int, Field(gt=0)] = 32
    """Prompts between looks."""
    elsewhere: Annotated[int, Field(gt=0)] | None = None
    """The number of prompts of a task on which an adapter has no claim; by default all."""
    pool: bool = False
    """Also report the result that the full list of prompts would give; it is not a verdict."""


class JudgeSettings(Fields):
    """A model that judges responses, for tasks that no rule decides, behind a server with OpenAI's chat API."""

    model: Line
    """Its name on the server; choose one with a date or a revision, since the model behind a bare name may change."""
    url: Url
    """The server's address; it holds no key and no password."""
    key_env: Variable | None = None
    """Environment variable that holds the server's key; the key itself is never written down."""
    max_tokens: Annotated[int, Field(gt=0)] = 2048
    """The largest number of tokens in an answer."""
    concurrency: Annotated[int, Field(gt=0, le=4096)] | None = None
    """The largest number of requests at once."""
    timeout: Annotated[float, Field(gt=0)] | None = None
    """How many seconds one answer may take."""
    options: Mapping[Line, Free] = {}
    """Further fields of each request, as in `reasoning_effort: low`; a name without a value removes that field."""


class Policy(Fields):
    """The policy of the gate. A verdict that neither passes nor fails leaves an adapter undecided."""

    passing: Annotated[tuple[Word, ...], Listed] = tuple(word for word in Verdict if word.tone == "good")
    """An adapter passes if every claim has one of these verdicts."""
    failing: Annotated[tuple[Word, ...], Field(strict=False)] = tuple(
        word for word in Verdict if word.tone == "bad"
    )
    """An adapter fails if any claim has one of these verdicts."""
    tolerated_harm: Annotated[float, Field(gt=0, le=1)] | None = None
    """To pass, an off-target fall of this size or more must be excluded; by default each metric's margin. 1 tolerates any."""
    drift_budget: Annotated[float, Field(ge=0)] | None = None
    """The largest drift (variant `gap`) that passes, in addition to the rules on verdicts; by default any."""
    champion: Name | None = None
    """The subject that is deployed: no other adapter may fall behind it by the budget. Its own rules are shown and do not count."""
    regression_budget: Margin | None = None
    """The fall against the champion that must be excluded, to pass, on each task's primary metric and each claimed one; by
    default the task's margin."""
    required: Annotated[tuple[Name, ...], Field(strict=False)] = ()
    """Tasks that must be measured: an adapter fails if one is missing. A missing task outside this list leaves it undecided."""
    advisory: Annotated[tuple[Name, ...], Field(strict=False)] = ()
    """Tasks whose rules are shown and change no outcome."""
    current_bases: Mapping[Name, Digest] = {}
    """For each base, the commit or digest in use now, or its first digits. A result on another is stale; by default none is."""
    max_age_days: Annotated[float, Field(gt=0)] | None = None
    """The number of days after which a result is stale, counted from its oldest response; by default never."""

    @property
    def expires(self) -> bool:
        """Whether a result may be stale under it."""
        return bool(self.current_bases) or self.max_age_days is not None

    @model_validator(mode="after")
    def _disjoint(self) -> Policy:
        for first, second in (("passing", "failing"), ("required", "advisory")):
            if both := [word for word in getattr(self, first) if word in getattr(self, second)]:
                raise fault(f"`{both[0]}` is both in `{first}` and in `{second}`", "remove it from one")
        if self.regression_budget is not None and self.champion is None:
            raise fault("`regression_budget` without `champion`", "name the champion, or remove it")
        return self
