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
from assay.files import folder_exists
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
        raise fault(
            f"`{text}` is not a valid name for a folder of results", "write a name, as in `qwen3-4b-ifeval`"
        )
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
        raise fault(f'"{text}" is not a folder within another', "write it as in `relevance/lora`")
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
    """Score only the text after the first occurrence of this mark, if it occurs."""
    format: Literal["jsonl", "json", "csv", "parquet", "lm-eval"] = "jsonl"
    """`lm-eval` for a samples log of lm-eval, `csv` for a CSV file with another ending; other forms are recognised from the file."""
    model_args: Line | Mapping[str, Free] | None = None
    """lm-eval's `model_args`, if there is no results file beside the samples."""


Responses = Annotated[Mapping[Name, Annotated[ResponseFile, wrapped("path")]], Field(min_length=1)]


class Base(Fields):
    """A base model: weights, recorded responses, or a row of the summary."""

    name: Name
    """Its name in the study, unique among bases and adapters."""
    model: Line | None = None
    """Folder, GGUF file or hub id, to generate from."""
    revision: Line | None = None
    """The commit, tag or branch of the hub id."""
    file: Line | None = None
    """The GGUF file in the folder, or in the hub's repository."""
    responses: Responses | None = None
    """For recorded responses: the file of each task, by the task's name."""


class Adapter(Fields):
    """An adapter on a base, with the label that is tested."""

    name: Name
    """Its name in the study, unique among bases and adapters."""
    base: Name = ""
    """The name of its base; by default the study's only base."""
    label: Name
    """The capability that its training aimed at; it claims a gain on tasks of this capability."""
    recipe: Name = Field(default_factory=lambda fields: fields.get("name", ""))
    """Its training setting; adapters of one recipe differ by seed and step only."""
    seed: Seed | None = None
    """The training seed."""
    step: Annotated[int, Field(ge=0)] | None = None
    """The training step, for a checkpoint; without it, the adapter is the final result of its training."""
    settings: Mapping[Name, Setting] = {}
    """Any settings that vary between recipes; the report compares gains by them."""
    scale: Annotated[tuple[Scale, ...], AfterValidator(_distinct), Listed, ONE] = (1.0,)
    """The strength at which it is applied; 1: as it was trained. Each of several scales is a subject of its own."""
    control: Literal["gains", "no gain"] | None = None
    """Makes it a control, which must gain or must not gain. Its claims are in no count and no gate."""
    path: Line | None = None
    """The folder or hub id of its weights, to generate from."""
    folder: Annotated[str, AfterValidator(_inner)] | None = None
    """The adapter's folder within that folder or repository: `relevance/lora`."""
    model: Line | None = None
    """In place of `path`, a model with full weights: folder, GGUF file or hub id."""
    file: Line | None = None
    """The GGUF file in the model's folder, or in the hub's repository."""
    revision: Line | None = None
    """The commit, tag or branch of the hub id."""
    responses: Responses | None = None
    """For recorded responses: the file of each task, by its name; `{scale}` in a path is replaced by each of several scales."""

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
    """Its name, with which the names of its metrics begin; by default the kind, or the file's name without its ending."""
    prompts: Line | None = None
    """The file of prompts, for tasks that read prompts; by default from the hub, if the task is on the hub."""
    examples: Line | None = None
    """The file of examples, for tasks that read examples; by default from the hub, if the task is on the hub."""
    include_path: Line | None = None
    """A folder with lm-eval task files, for `harness:`."""
    mode: Name | None = None
    """How responses are verified: `reference` or `fixed`; the task's first mode by default."""
    limit: Annotated[int, Field(gt=0)] | None = None
    """Use only this many examples, the first ones."""
    seed: Seed | None = None
    """Seed of the draw, for a task that draws its own examples; 0 by default."""
    shots: Annotated[int, Field(ge=0)] | None = None
    """The number of few-shot examples before each question; by default the task's own."""
    max_tokens: Annotated[int, Field(gt=0)] | None = None
    """The largest number of tokens in a response; by default `decoding.max_tokens`, else the task's own."""
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
    """The scale of the adapter that the claim is about; by default 1, or the adapter's only scale."""
    against: Name | None = None
    """The subject that the gain is measured against; by default the base. That subject itself does not make the claim."""


class Form(Fields):
    """All fields of a study file."""

    name: Annotated[Name, AfterValidator(_folder_name)]
    """The study's name; its run is `runs/NAME` by default."""
    bases: Annotated[tuple[Base, ...], Listed]
    """The models that the adapters are compared with."""
    adapters: Annotated[tuple[Adapter, ...], Listed]
    """The adapters that are tested."""
    tasks: Annotated[tuple[TaskEntry, ...], Listed]
    """The benchmarks that the adapters are tested on."""
    claims: Mapping[Name, Annotated[tuple[Annotated[ClaimEntry, wrapped("metric")], ...], Listed]] = {}
    """The claims of a label, by the label; they replace the label's default claims."""
    family: Literal["adapter", "study"] = "adapter"
    """Which claims share `alpha`: those of one adapter, or all of the study."""
    margin: Margin = 0.05
    """The smallest gain that matters."""
    alpha: Annotated[float, Field(ge=1e-6, le=0.2)] = 0.05
    """The error rate of a family of claims, one-sided."""
    decoding: Decoding = Decoding()
    """How to generate."""
    engine: EngineSettings = EngineSettings()
    """The engine that generates responses."""
    stop: Annotated[StopRule, wrapped("when")] = StopRule()
    """When to stop generating responses."""
    seed: Seed = 0
    """The seed of the order of prompts and of every simulation."""
    noise_prompts: Annotated[int, Field(ge=0)] | None = None
    """Prompts of each base that run twice, to measure the engine's noise; by default at most 200, and at most a tenth of the responses."""
    judge: JudgeSettings | None = None
    """The model that judges responses to tasks that no rule decides."""
    gate: Policy = Policy()
    """The policy of the gate; `assay gate --policy FILE` overrides it."""
    summary: Annotated[Line | None, BeforeValidator(_unwrap)] = None
    """The path of a CSV of aggregate scores (`subject`, then metrics), for a study without responses."""
    off_target: Annotated[tuple[MetricText, ...], Listed] | None = None
    """The off-target metrics, for drift and the gate; by default the primary metrics of tasks of other capabilities."""

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
        return folder if local or folder_exists(folder) else weights

    def adapter_source(self, adapter: Adapter) -> tuple[Path | str, str | None]:
        """Where an adapter lies: a local folder and None, or a hub id and the folder in its repository, if any."""
        source = self.source(adapter.path or "")
        if isinstance(source, Path):
            return (source / adapter.folder if adapter.folder else source), None
        name, inner = split_hub_id(source)
        return name, "/".join(part for part in (inner, adapter.folder) if part) or None
