"""The fields of a study and what each may hold. It knows no file, no task and no engine.

Fields with a default from another field (an adapter's base, a task's name, the engine's) are never
empty in a loaded Study.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PrivateAttr,
    model_validator,
)

from assay.adapter_folders import split_hub_id
from assay.plan import Decoding, EngineSettings, JudgeSettings, Policy, StopRule
from assay.plan.fields import (
    ONE,
    Cut,
    Fields,
    Free,
    Line,
    Listed,
    Margin,
    MetricText,
    Name,
    Scale,
    Seed,
    Setting,
    checked_line,
    checked_name,
    fault,
    wrapped,
)

__all__ = [
    "Adapter",
    "Base",
    "ClaimEntry",
    "Form",
    "ResponseFile",
    "TaskEntry",
]

HARNESS = "harness:"
"""Prefix of the name of an lm-eval task."""
SCALE = "{scale}"
"""Becomes an adapter's scale in the path of its responses."""


def _folder_name(text: str) -> str:
    if text in (".", ".."):
        raise fault(f"`{text}` is no name for a folder of results", "write a name, as in `qwen3-4b-ifeval`")
    return text


def _kind(text: str) -> str:
    """A word, `harness:` and lm-eval's name, or the path of a file whose name is the task's."""
    if text.strip() == HARNESS:
        raise fault("no name behind it", "write lm-eval's name of the task, as in `harness:arc_easy`")
    if not is_file(text):
        return checked_name(text)
    checked_name(_stem(text))
    return checked_line(text)


def is_file(task: str) -> bool:
    """Whether what a study calls a task is a file of its own, by its ending or a slash."""
    return not task.startswith(HARNESS) and (task.endswith((".yaml", ".yml")) or "/" in task)


def _stem(task: str) -> str:
    return PurePosixPath(task).stem if is_file(task) else task


def _inner(text: str) -> str:
    """The path of a folder within another."""
    parts = checked_line(text).split("/")
    if "\\" in text or not all(part.strip() and part not in (".", "..") for part in parts):
        raise fault(f'"{text}" is no folder in another', "write it as in `relevance/lora`")
    return text


def _unwrap(value: Any) -> Any:
    """`{path: x}` is x."""
    if isinstance(value, dict):
        if list(value) != ["path"] or not isinstance(value["path"], str):
            raise fault("a path is expected, as in `summary: scores.csv`")
        return value["path"]
    return value


def _distinct(scales: tuple[float, ...]) -> tuple[float, ...]:
    if twice := next(
        (scale for i, scale in enumerate(scales) if f"{scale:g}" in [f"{s:g}" for s in scales[:i]]), None
    ):
        raise fault(f"{twice:g} is listed twice", "remove one")
    return scales


class ResponseFile(Fields):
    """Recorded responses of one subject to one task."""

    path: Line
    """The file, relative to the study file."""
    after: Cut | None = None
    """Keep what follows the first such mark, where there is one."""
    format: Literal["jsonl", "json", "csv", "parquet", "lm-eval"] = "jsonl"
    """Rows with `response` and `key` or `prompt`, in whichever of the first four forms the file has; or lm-eval's samples."""
    model_args: Line | Mapping[str, Free] | None = None
    """lm-eval's `model_args`, where no results file beside the samples has them."""


Responses = Annotated[Mapping[Name, Annotated[ResponseFile, wrapped("path")]], Field(min_length=1)]


class Base(Fields):
    """A base model: weights, recorded responses, or a row of the summary."""

    name: Name
    """Unique among bases and adapters."""
    model: Line | None = None
    """Folder, GGUF file or hub id, to generate from."""
    revision: Line | None = None
    """The commit, tag or branch of the hub id."""
    file: Line | None = None
    """The GGUF file in the folder, or in the hub's repository."""
    responses: Responses | None = None
    """Task name to file, where the responses are recorded."""


class Adapter(Fields):
    """An adapter on a base, with the label that is tested."""

    name: Name
    """Unique among bases and adapters."""
    base: Name = ""
    """The name of its base; the study's only one by default."""
    label: Name
    """The capability that its training aimed at, nominally."""
    recipe: Name = Field(default_factory=lambda fields: fields.get("name", ""))
    """Its training setting; adapters of one recipe differ by seed and step only."""
    seed: Seed | None = None
    """The training seed."""
    step: Annotated[int, Field(ge=0)] | None = None
    """The training step, for a checkpoint of its seed; None: the result of the training."""
    settings: Mapping[Name, Setting] = {}
    """Free: what varies between recipes."""
    scale: Annotated[tuple[Scale, ...], AfterValidator(_distinct), Listed, ONE] = (1.0,)
    """The strength at which it is applied, 1 as it was trained; of several, each is a subject."""
    control: Literal["gains", "no gain"] | None = None
    """Makes it a control: one that must gain, or must not. Its claims are in no count and no gate."""
    path: Line | None = None
    """Folder or hub id of its weights, to generate from."""
    folder: Annotated[str, AfterValidator(_inner)] | None = None
    """Where it lies in that folder or repository: `relevance/lora`."""
    model: Line | None = None
    """In place of `path`, a full model of its own weights: folder, GGUF file or hub id."""
    file: Line | None = None
    """The GGUF file in the model's folder, or in the hub's repository."""
    revision: Line | None = None
    """The commit, tag or branch of the hub id."""
    responses: Responses | None = None
    """Task name to file, where the responses are recorded; `{scale}` in a path becomes each of several scales."""

    @property
    def scales(self) -> dict[str, float]:
        """Scale of each subject by its name. At scale 1, or at its only scale, it has the adapter's name."""
        alone = len(self.scale) == 1
        return {self.name if scale == 1 or alone else f"{self.name}@{scale:g}": scale for scale in self.scale}

    def responses_at(self, scale: float) -> Mapping[str, ResponseFile]:
        """The recorded responses at one of its scales."""
        return {
            task: file.model_copy(update={"path": file.path.replace(SCALE, f"{scale:g}")})
            for task, file in (self.responses or {}).items()
        }


class TaskEntry(Fields):
    """A task of the study."""

    task: Annotated[str, AfterValidator(_kind)]
    """The kind: `ifeval`, `numeric`, lm-eval's `harness:arc_easy`; or the path of a task's own file: `tone.yaml`."""
    name: Name = Field(default_factory=lambda fields: _stem(fields.get("task", "")))
    """What metrics are named after; the kind, or the file's name without its ending, by default."""
    prompts: Line | None = None
    """The file of prompts, for tasks that have prompts; by default from the hub, where the task is there."""
    examples: Line | None = None
    """The file of examples, for tasks that have examples; by default from the hub, where the task is there."""
    include_path: Line | None = None
    """A folder with lm-eval task files, for `harness:`."""
    mode: Name | None = None
    """How responses are verified: `reference` or `fixed`; the task's first mode by default."""
    limit: Annotated[int, Field(gt=0)] | None = None
    """Use only this many examples, the first ones."""
    seed: Seed | None = None
    """Seed of the draw, for a task that draws its own examples; 0 by default."""
    shots: Annotated[int, Field(ge=0)] | None = None
    """Few-shot examples before each question; by default what the task says."""
    max_tokens: Annotated[int, Field(gt=0)] | None = None
    """Tokens of the longest response; `decoding.max_tokens` by default, and then what the task says."""
    margin: Margin | None = None
    """The smallest gain that matters on this task; the study's by default."""

    @model_validator(mode="after")
    def _included(self) -> TaskEntry:
        if self.include_path is not None and not self.task.startswith(HARNESS):
            raise fault(
                f"`include_path` is for tasks of lm-eval's; write `task: {HARNESS}{self.task}`, or remove it"
            )
        return self

    @property
    def file(self) -> str | None:
        """The path of the task's own file; None for a kind."""
        return self.task if is_file(self.task) else None


class ClaimEntry(Fields):
    """A claim of all adapters with a label."""

    metric: MetricText
    """Task and metric, as in `ifeval.prompt_strict`."""
    kind: Literal["gains", "keeps"] = "gains"
    """`gains`: to gain; `keeps`: not to fall by the margin or more."""
    margin: Margin | None = None
    """The smallest gain or fall that matters; the task's by default."""
    scale: Scale | None = None
    """The scale of the adapter that it is made of; 1, or the adapter's only one, by default."""
    against: Name | None = None
    """The subject that a gain is measured against; the base by default. That subject itself makes no such claim."""


class Form(Fields):
    """All fields of a study file."""

    name: Annotated[Name, AfterValidator(_folder_name)]
    """The study's name; its run is `runs/NAME` by default."""
    bases: Annotated[tuple[Base, ...], Listed]
    """What the adapters are compared with."""
    adapters: Annotated[tuple[Adapter, ...], Listed]
    """What is tested."""
    tasks: Annotated[tuple[TaskEntry, ...], Listed]
    """What it is tested on."""
    claims: Mapping[Name, Annotated[tuple[Annotated[ClaimEntry, wrapped("metric")], ...], Listed]] = {}
    """Label to claims; replaces that label's default."""
    family: Literal["adapter", "study"] = "adapter"
    """Which claims share `alpha`: those of one adapter, or all of the study."""
    margin: Margin = 0.05
    """The smallest gain that matters."""
    alpha: Annotated[float, Field(ge=1e-6, le=0.2)] = 0.05
    """The error rate of a family of claims, one-sided."""
    decoding: Decoding = Decoding()
    """How to generate."""
    engine: EngineSettings = EngineSettings()
    """What generates."""
    stop: Annotated[StopRule, wrapped("when")] = StopRule()
    """When to stop generating responses."""
    seed: Seed = 0
    """Seed of the prompts' order and every simulation."""
    noise_prompts: Annotated[int, Field(ge=0)] | None = None
    """Prompts of each base that are asked twice, to measure the engine's noise; at most 200, and a tenth of the responses, by default."""
    judge: JudgeSettings | None = None
    """The model that judges responses to tasks that no rule decides."""
    gate: Policy = Policy()
    """What passes; `assay gate --policy FILE` overrides it."""
    summary: Annotated[Line | None, BeforeValidator(_unwrap)] = None
    """A CSV of aggregate scores (`subject`, then metrics), where there are no responses; a path."""
    off_target: Annotated[tuple[MetricText, ...], Listed] | None = None
    """The metrics elsewhere, for drift and the gate; by default the primary metrics of tasks of other capabilities."""

    _folder: Path = PrivateAttr()

    @property
    def folder(self) -> Path:
        """What paths are relative to."""
        return self._folder

    def resolve(self, path: str) -> Path:
        """A path of the study as an absolute one."""
        home = os.path.expanduser(path)  # noqa: PTH111 - leaves `~nobody` alone where pathlib raises
        return Path(os.path.normpath(self.folder / home))

    def source(self, weights: str) -> Path | str:
        """Where a base's `model` or an adapter's `path` is: a local folder or GGUF file, else a hub id or `embedded`."""
        local = weights.startswith(("/", "./", "../", "~")) or weights in (".", "..")
        local = local or weights.endswith(".gguf")
        folder = self.resolve(weights)
        there = os.path.isdir(folder)  # noqa: PTH112 - pathlib raises on a name too long for a file
        return folder if local or there else weights

    def adapter_source(self, adapter: Adapter) -> tuple[Path | str, str | None]:
        """Where an adapter lies: a local folder and None, or a hub id and the folder in its repository, if any."""
        source = self.source(adapter.path or "")
        if isinstance(source, Path):
            return (source / adapter.folder if adapter.folder else source), None
        name, inner = split_hub_id(source)
        return name, "/".join(part for part in (inner, adapter.folder) if part) or None
