"""The fields of a study and what each may hold. It knows no file, no task and no engine.

Fields that another one gives a default (an adapter's base, a task's name, the engine's) are never
empty in a loaded Study.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from assay.stats import Verdict
from assay.study.document import Odd

__all__ = [
    "Adapter",
    "Base",
    "ClaimEntry",
    "Decoding",
    "Engine",
    "Form",
    "Judge",
    "Policy",
    "ResponseFile",
    "TaskEntry",
]

Scalar = str | int | float | bool | None
HARNESS = "harness:"
"""Before the name of a task of lm-eval's."""
SERVER_FIELDS = ("url", "server", "key_env", "concurrency", "timeout")
"""Of `engine`: what only an engine behind a server has."""


def _fault(text: str) -> PydanticCustomError:
    return PydanticCustomError("fault", "{text}", {"text": text})


def _name(text: str) -> str:
    if not text or text != text.strip():
        raise _fault("empty, or with a space at an end; write a name, as in `qa-1000`")
    if bad := next((c for c in text if c == "/" or not c.isprintable()), None):
        what = "a `/`" if bad == "/" else f"the invisible or control character U+{ord(bad):04X}"
        raise _fault(f"{what} in a name; remove it")
    return text


def _folder_name(text: str) -> str:
    if text in (".", ".."):
        raise _fault(f"`{text}` is no name for a folder of results; write a name, as in `qwen3-4b-ifeval`")
    return text


def _kind(text: str) -> str:
    """A word, `harness:` and lm-eval's name, or the path of a file whose name is the task's."""
    if text.strip() == HARNESS:
        raise _fault("no name behind it; write lm-eval's name of the task, as in `harness:arc_easy`")
    if not is_file(text):
        return _name(text)
    _name(_stem(text))
    return _line(text)


def is_file(task: str) -> bool:
    """Whether what a study calls a task is a file of its own, by its ending or a slash."""
    return not task.startswith(HARNESS) and (task.endswith((".yaml", ".yml")) or "/" in task)


def _stem(task: str) -> str:
    return PurePosixPath(task).stem if is_file(task) else task


def _line(text: str) -> str:
    if not text.strip():
        raise _fault("empty; fill it in or remove the line")
    if bad := next((c for c in text if unicodedata.category(c) == "Cc"), None):
        raise _fault(f"the control character U+{ord(bad):04X}; remove it")
    return text


def _metric(text: str) -> str:
    task, _, metric = _name(text).rpartition(".")
    if not task or not metric:
        raise _fault(f'"{text}" is no metric; write task and metric, as in `ifeval.prompt_strict`')
    return text


def _url(text: str) -> str:
    """An address without secrets; a complaint never repeats it."""
    try:
        parts = urlsplit(text)
        bare = parts.username is None and parts.password is None and not parts.query and not parts.fragment
        there = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        bare, there = True, False
    if not bare:
        raise _fault(
            "a name, a password or a query in an address; put the key into a variable, `key_env: NAME`"
        )
    if not there or any(c.isspace() or not c.isprintable() for c in text):
        raise _fault("no address of a server; write it as in `http://localhost:8000`")
    return text.rstrip("/")


def _variable(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", text):
        raise _fault(
            "not the name of an environment variable; write the name, as in `SERVER_KEY`, not the key"
        )
    return text


def _plain(value: Any) -> Any:
    """Any data that JSON can hold."""
    match value:
        case Odd():
            raise _fault(f'`{value.text}`, which YAML reads as {value.reading}; quote it: "{value.text}"')
        case float() if not math.isfinite(value):
            raise _fault("not a finite number; write a number, or quote it")
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case list():
            return [_plain(item) for item in value]
        case _:
            return value


def _scalar(value: Any) -> Any:
    if isinstance(value, dict | list):
        raise _fault("a list or mapping; a setting is one number or one text")
    return _plain(value)


def _wrap(field: str) -> BeforeValidator:
    """A bare text stands for a mapping with this one field."""
    return BeforeValidator(lambda value: {field: value} if isinstance(value, str) else value)


def _unwrap(value: Any) -> Any:
    """`{path: x}` is x."""
    if isinstance(value, dict):
        if list(value) != ["path"] or not isinstance(value["path"], str):
            raise _fault("a path is expected, as in `summary: scores.csv`")
        return value["path"]
    return value


Name = Annotated[str, AfterValidator(_name)]
Line = Annotated[str, AfterValidator(_line)]
MetricName = Annotated[str, AfterValidator(_metric)]
Setting = Annotated[Scalar, PlainValidator(_scalar)]
Free = Annotated[Any, PlainValidator(_plain)]
Cut = Annotated[str, Field(min_length=1)]
Margin = Annotated[float, Field(ge=1e-4, lt=1)]
Seed = Annotated[int, Field(ge=0)]
Word = Annotated[Verdict, Field(strict=False)]
_Listed = Field(strict=False, min_length=1)  # strict pydantic wants a tuple where YAML gives a list


class _Fields(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class ResponseFile(_Fields):
    """Recorded responses of one subject to one task."""

    path: Line
    """Relative to the study file."""
    after: Cut | None = None
    """Keep what follows the first such mark, where there is one."""
    format: Literal["jsonl", "lm-eval"] = "jsonl"
    """JSONL with `response` and `key` or `prompt`, or lm-eval's samples."""
    model_args: Line | Mapping[str, Free] | None = None
    """What lm-eval ran, where no results file beside the samples says it."""


Responses = Annotated[Mapping[Name, Annotated[ResponseFile, _wrap("path")]], Field(min_length=1)]


class Base(_Fields):
    """A base model: weights, recorded responses, or a row of the summary."""

    name: Name
    """Unique among bases and adapters."""
    model: Line | None = None
    """Folder or hub id, to generate from."""
    revision: Line | None = None
    """Of the hub id."""
    responses: Responses | None = None
    """Task name to file, where the responses are recorded."""


class Adapter(_Fields):
    """An adapter on a base, with the label that is tested."""

    name: Name
    """Unique among bases and adapters."""
    base: Name = ""
    """The name of its base; the study's only one by default."""
    label: Name
    """What its training aimed at, nominally."""
    recipe: Name = Field(default_factory=lambda fields: fields.get("name", ""))
    """Its training setting; adapters of one recipe differ by seed only."""
    seed: Seed | None = None
    """The training seed."""
    settings: Mapping[Name, Setting] = {}
    """Free: what varies between recipes."""
    path: Line | None = None
    """Folder or hub id of its weights, to generate from."""
    revision: Line | None = None
    """Of the hub id."""
    responses: Responses | None = None
    """Task name to file, where the responses are recorded."""


class TaskEntry(_Fields):
    """A task of the study."""

    task: Annotated[str, AfterValidator(_kind)]
    """The kind: `ifeval`, `numeric`, lm-eval's `harness:arc_easy`; or the path of a task's own file: `tone.yaml`."""
    name: Name = Field(default_factory=lambda fields: _stem(fields.get("task", "")))
    """What metrics are named after; the kind, or the file's name without its ending, by default."""
    prompts: Line | None = None
    """The data, for kinds that speak of prompts."""
    examples: Line | None = None
    """The data, for kinds that speak of examples."""
    include_path: Line | None = None
    """A folder with task files of lm-eval's, for `harness:`."""
    mode: Name | None = None
    """How to verify; the kind's first by default."""
    limit: Annotated[int, Field(gt=0)] | None = None
    """Use the first so many examples only."""
    seed: Seed | None = None
    """Of the draw, for a kind that draws its own examples; 0 by default."""
    shots: Annotated[int, Field(ge=0)] | None = None
    """Worked examples before each question; the task's form decides by default."""
    max_tokens: Annotated[int, Field(gt=0)] | None = None
    """Longest response; `decoding.max_tokens` by default, and then the task's form."""
    margin: Margin | None = None
    """The study's by default."""

    @model_validator(mode="after")
    def _included(self) -> TaskEntry:
        if self.include_path is not None and not self.task.startswith(HARNESS):
            raise _fault(
                f"`include_path` is for tasks of lm-eval's; write `task: {HARNESS}{self.task}`, or remove it"
            )
        return self

    @property
    def file(self) -> str | None:
        """The path of the task's own file; None for a kind."""
        return self.task if is_file(self.task) else None


class ClaimEntry(_Fields):
    """What adapters of a label claim."""

    metric: MetricName
    """`ifeval.prompt_strict`."""
    kind: Literal["gains", "keeps"] = "gains"
    """To gain, or not to fall by the margin."""
    margin: Margin | None = None
    """The task's by default."""


class Decoding(_Fields):
    """How to generate; what is None the task decides."""

    max_tokens: Annotated[int, Field(gt=0)] | None = None
    """Longest response, of every task that says nothing else."""
    temperature: Annotated[float, Field(ge=0)] | None = None
    """0 is greedy."""
    samples: Annotated[int, Field(gt=0)] = 1
    """Responses a prompt."""
    seed: Seed = 0
    """Of the sampling."""
    template: Line | None = None
    """`chat`, `none`, or a template file."""
    after: Cut | None = None
    """Keep what follows the first such mark, where there is one."""


class Engine(_Fields):
    """What generates."""

    name: Line = ""
    """`torch`, `vllm`, `ray:torch`, ...; `torch` where a subject has weights, else `recorded`."""
    dtype: Name | None = None
    """Of the weights; the engine's choice by default."""
    quantization: Name | None = None
    """Of the base."""
    url: Annotated[str, AfterValidator(_url)] | None = None
    """Where a server answers, for the engine `openai`; no key or password stands in it."""
    server: Name | None = None
    """The kind of server: `vllm`, `sglang`, `lorax`, `tgi`, `transformers`, `llama.cpp` or `other`."""
    key_env: Annotated[str, AfterValidator(_variable)] | None = None
    """Environment variable that holds the server's key; the key itself is never written down."""
    concurrency: Annotated[int, Field(gt=0, le=4096)] | None = None
    """Requests under way at a server, at most."""
    timeout: Annotated[float, Field(gt=0)] | None = None
    """Seconds that a server may take for one answer."""
    options: Mapping[Line, Free] = {}
    """The engine's own."""

    @model_validator(mode="after")
    def _of_a_server(self) -> Engine:
        said = [name for name in SERVER_FIELDS if getattr(self, name) is not None]
        if said and self.name != "openai":
            raise _fault(f"`{said[0]}` is for servers; write `name: openai`, or remove it")
        return self


class Stop(_Fields):
    """When to stop asking, and how to look before the end."""

    when: Literal["full", "decided"] = "full"
    """After all prompts, or for each adapter and task as soon as every claim on it is settled."""
    design: Literal["group", "betting"] = "group"
    """Group-sequential: looks as declared, nearly the power of a full run; betting: exact at any look, with less."""
    first: Annotated[int, Field(gt=0)] = 64
    """Prompts before the first look."""
    every: Annotated[int, Field(gt=0)] = 32
    """Prompts between looks."""
    elsewhere: Annotated[int, Field(gt=0)] | None = None
    """Prompts of a task on which an adapter claims nothing; all by default."""
    pool: bool = False
    """Say too what the full list of prompts would print; it is no verdict."""


class Judge(_Fields):
    """A model that judges responses, for tasks that no rule decides; behind a server that speaks OpenAI's chat."""

    model: Line
    """The server's name for it; give one with a date or a revision, for a name alone may move."""
    url: Annotated[str, AfterValidator(_url)]
    """Where it answers; no key or password stands in it."""
    key_env: Annotated[str, AfterValidator(_variable)] | None = None
    """Environment variable that holds the server's key; the key itself is never written down."""
    max_tokens: Annotated[int, Field(gt=0)] = 2048
    """Longest answer."""
    concurrency: Annotated[int, Field(gt=0, le=4096)] | None = None
    """Requests under way, at most."""
    timeout: Annotated[float, Field(gt=0)] | None = None
    """Seconds that one answer may take."""
    options: Mapping[Line, Free] = {}
    """More fields of each request, as in `reasoning_effort: low`; nothing behind a name leaves that field out."""


class Policy(_Fields):
    """What the gate passes and fails; what is in neither list leaves an adapter undecided."""

    passing: Annotated[tuple[Word, ...], _Listed] = tuple(word for word in Verdict if word.tone == "good")
    """Verdicts that every claim of an adapter needs, to pass."""
    failing: Annotated[tuple[Word, ...], Field(strict=False)] = tuple(
        word for word in Verdict if word.tone == "bad"
    )
    """Verdicts of which one fails an adapter."""
    tolerated_harm: Annotated[float, Field(gt=0, le=1)] | None = None
    """The fall elsewhere that must be excluded, to pass; by default each metric's margin. 1 tolerates any."""
    drift_budget: Annotated[float, Field(ge=0)] | None = None
    """The largest drift (variant `gap`) to pass, beside the verdicts and never instead; by default any."""

    @model_validator(mode="after")
    def _disjoint(self) -> Policy:
        if both := [word for word in self.passing if word in self.failing]:
            raise _fault(f"`{both[0]}` stands both in `passing` and in `failing`; remove it from one")
        return self


class Form(_Fields):
    """All fields of a study file."""

    name: Annotated[Name, AfterValidator(_folder_name)]
    """Of the study."""
    bases: Annotated[tuple[Base, ...], _Listed]
    """What the adapters are compared with."""
    adapters: Annotated[tuple[Adapter, ...], _Listed]
    """What is tested."""
    tasks: Annotated[tuple[TaskEntry, ...], _Listed]
    """What it is tested on."""
    claims: Mapping[Name, Annotated[tuple[Annotated[ClaimEntry, _wrap("metric")], ...], _Listed]] = {}
    """Label to claims; replaces that label's default."""
    family: Literal["adapter", "study"] = "adapter"
    """Claims that share one error rate."""
    margin: Margin = 0.05
    """The smallest gain that matters."""
    alpha: Annotated[float, Field(ge=1e-6, lt=0.5)] = 0.05
    """The error rate of a family."""
    decoding: Decoding = Decoding()
    """How to generate."""
    engine: Engine = Engine()
    """What generates."""
    stop: Annotated[Stop, _wrap("when")] = Stop()
    """When to stop asking."""
    seed: Seed = 0
    """Of the prompts' order and every simulation."""
    judge: Judge | None = None
    """What judges the responses to tasks that no rule decides."""
    gate: Policy = Policy()
    """What passes; `assay gate --policy FILE` overrides it."""
    summary: Annotated[Line | None, BeforeValidator(_unwrap)] = None
    """A CSV of aggregate scores (`subject`, then metrics), where there are no responses; a path."""
    off_target: Annotated[tuple[MetricName, ...], _Listed] | None = None
    """The metrics that drift and the gate look at elsewhere; None leaves them to the tasks."""
