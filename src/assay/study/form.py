"""The fields of a study and what each may hold. It knows no file, no task and no engine.

Fields that another one gives a default (an adapter's base, a task's name, the engine's) are never
empty in a loaded Study.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any, Literal

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

from assay.study.document import Odd

__all__ = [
    "Adapter",
    "Base",
    "ClaimEntry",
    "Decoding",
    "Engine",
    "Form",
    "Policy",
    "ResponseFile",
    "TaskEntry",
]

Scalar = str | int | float | bool | None


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

    task: Name
    """The kind: `ifeval`, `numeric`."""
    name: Name = Field(default_factory=lambda fields: fields.get("task", ""))
    """What metrics are named after; the kind by default."""
    prompts: Line | None = None
    """The data, for kinds that speak of prompts."""
    examples: Line | None = None
    """The data, for kinds that speak of examples."""
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
    options: Mapping[Line, Free] = {}
    """The engine's own."""


Verdict = Literal[
    "confirmed", "gain", "trivial", "no gain", "harmed", "kept", "undecided", "not applied", "not measured"
]


class Policy(_Fields):
    """What the gate passes and fails; what is in neither list leaves an adapter undecided."""

    passing: Annotated[tuple[Verdict, ...], _Listed] = ("confirmed", "gain", "kept")
    """Verdicts that every claim of an adapter needs, to pass."""
    failing: Annotated[tuple[Verdict, ...], Field(strict=False)] = (
        "harmed",
        "no gain",
        "trivial",
        "not applied",
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
    stop: Literal["full", "decided"] = "full"
    """After all prompts, or as soon as every claim is decided."""
    seed: Seed = 0
    """Of the prompts' order and every simulation."""
    gate: Policy = Policy()
    """What passes; `assay gate --policy FILE` overrides it."""
    summary: Annotated[Line | None, BeforeValidator(_unwrap)] = None
    """A CSV of aggregate scores (`subject`, then metrics), where there are no responses; a path."""
    off_target: Annotated[tuple[MetricName, ...], _Listed] | None = None
    """The metrics that drift and the gate look at elsewhere; None leaves them to the tasks."""
