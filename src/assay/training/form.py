"""The fields of a recipe file and what each may hold. It knows no file, no base and no data.

A list as a setting makes one recipe for each value; every setting is therefore held as a
tuple of values here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from assay.plan import Decoding, EngineSettings, Policy
from assay.plan.fields import (
    ONE,
    Fields,
    Line,
    Listed,
    Margin,
    MetricText,
    Name,
    Shorthand,
    fault,
    listed,
    wrapped,
)
from assay.study.form import ClaimEntry, TaskEntry

__all__ = ["COPIED", "AdapterEntry", "BaseEntry", "Data", "RecipeForm", "SettingsEntry"]


def _module_sets(value: Any) -> Any:
    """`q_proj` and `[q_proj, v_proj]` are one set of modules; a list with a list in it is several."""
    if isinstance(value, list) and any(isinstance(item, list) for item in value):
        return [listed(item) for item in value]
    return [listed(value)]


def _plain_name(text: str) -> str:
    if text in (".", "..") or text.startswith("."):
        raise fault(
            f"`{text}` is not a valid name for the folder of an adapter", "write a name, as in `numeric`"
        )
    return text


_ONE_SET = Shorthand(_module_sets, lambda sets: {"anyOf": [sets["items"]["items"], sets["items"]]})
_Positive = Annotated[int, Field(gt=0)]
_Seed = Annotated[int, Field(ge=0, lt=2**32)]
_Wholes = Annotated[tuple[_Positive, ...], Listed, ONE]
_Above = Annotated[tuple[Annotated[float, Field(gt=0)], ...], Listed, ONE]
_NotBelow = Annotated[tuple[Annotated[float, Field(ge=0)], ...], Listed, ONE]
_Shares = Annotated[tuple[Annotated[float, Field(ge=0, lt=1)], ...], Listed, ONE]
_Flags = Annotated[tuple[bool, ...], Listed, ONE]
_Schedule = Literal["cosine", "linear", "constant"]
_Schedules = Annotated[tuple[_Schedule, ...], Listed, ONE]
_Modules = Annotated[tuple[Line, ...], Listed]
_ModuleSets = Annotated[tuple[_Modules, ...], Listed, _ONE_SET]
_Claim = Annotated[ClaimEntry, wrapped("metric")]
_FolderName = Annotated[Name, AfterValidator(_plain_name)]


class BaseEntry(Fields):
    """The base that all adapters are trained on."""

    name: Name = ""
    """Its name in the study; by default the last part of `model`."""
    model: Line
    """Folder, GGUF file or hub id."""
    revision: Line | None = None
    """The commit, tag or branch of the hub id."""
    file: Line | None = None
    """The GGUF file in the folder, or in the hub's repository."""
    dtype: Literal["float32", "bfloat16"] | None = None
    """The data type of its weights and of the computation; by default the checkpoint's own."""


class Data(Fields):
    """Prompts and responses to learn from: a file, a dataset of the hub, or a draw from the synthetic data (`world`)."""

    path: Line | None = None
    """A JSONL file, relative to the recipe file."""
    hub: Line | None = None
    """The id of a dataset on the hub."""
    config: Line | None = None
    """The configuration of the hub dataset."""
    revision: Line | None = None
    """The commit of the hub dataset."""
    split: Line | None = None
    """The split of the hub dataset."""
    prompt: Annotated[tuple[Line, ...], Listed, ONE] | None = None
    """The field that holds the prompt; several fields are joined by an empty line, without those that are empty."""
    response: Line | None = None
    """The field that holds the response."""
    world: Name | None = None
    """A kind of the synthetic data, as in `talk` or `problems`."""
    count: _Positive | None = None
    """How many pairs of prompt and response to draw from the synthetic data."""
    draw: _Seed | None = None
    """The seed of that draw; by default 0."""
    limit: _Positive | None = None
    """Use only this many rows, the first ones."""
    empty: Literal["refuse", "skip"] | None = None
    """What to do with a row whose prompt or response is empty; refused by default."""

    @model_validator(mode="after")
    def _one_source(self) -> Data:
        sources = [key for key in ("path", "hub", "world") if getattr(self, key) is not None]
        if len(sources) != 1:
            found = f"both `{sources[0]}` and `{sources[1]}`" if sources else "no source"
            raise fault(
                f"{found}; give one of `path: FILE.jsonl`, `hub: owner/name` or `world: KIND` "
                f"(a list of such entries is put together)"
            )
        own = {
            "path": ("prompt", "response", "limit", "empty"),
            "hub": ("config", "revision", "split", "prompt", "response", "limit", "empty"),
            "world": ("count", "draw"),
        }[sources[0]]
        for key in type(self).model_fields:
            if key not in (sources[0], *own) and getattr(self, key) is not None:
                raise fault(
                    f"`{key}` does not go with `{sources[0]}`, which takes {', '.join(own)}; remove it"
                )
        if (self.prompt is None) != (self.response is None):
            missing = "response" if self.response is None else "prompt"
            raise fault(f"`{missing}` is missing", "name both fields, or neither")
        for key in {"hub": ("split",), "world": ("count",)}.get(sources[0], ()):
            if getattr(self, key) is None:
                raise fault(f"`{key}` is missing", f"`{sources[0]}` needs it")
        return self


class SettingsEntry(Fields):
    """How to train. A list of values for a setting makes one recipe for each value."""

    rank: _Wholes = (8,)
    """The rank of the low-rank matrices."""
    alpha: _Above = (16.0,)
    """The change is scaled by alpha / rank."""
    rslora: _Flags = (False,)
    """Scale by alpha / sqrt(rank) instead."""
    dropout: _Shares = (0.0,)
    """The dropout rate of the input of the low-rank matrices."""
    target_modules: _ModuleSets = (("all-linear",),)
    """Names of the base's linear layers (their last parts), or `all-linear`: all of them except the output layer."""
    learning_rate: _Above = (2e-4,)
    """The highest learning rate."""
    schedule: _Schedules = ("cosine",)
    """How the learning rate falls after the warm-up."""
    warmup: _Shares = (0.03,)
    """Share of the steps, rounded down, over which the learning rate rises from 0."""
    weight_decay: _NotBelow = (0.0,)
    """The weight decay of AdamW."""
    clip: _NotBelow = (1.0,)
    """The largest norm of a gradient, to which larger ones are scaled down; 0 does not clip."""
    steps: _Wholes | None = None
    """The number of updates of the weights."""
    epochs: _Above | None = None
    """Passes over the data, if `steps` is not given; by default 1."""
    batch: _Wholes = (32,)
    """The number of examples in one step."""
    accumulate: _Wholes = (1,)
    """The number of equal parts in which a batch is processed, at least; more parts need less memory."""
    max_length: _Wholes = (1024,)
    """The largest number of tokens of prompt and response together; longer examples are cut at the end."""

    @model_validator(mode="after")
    def _agree(self) -> SettingsEntry:
        if self.steps is not None and self.epochs is not None:
            raise fault("both `steps` and `epochs`", "keep one")
        for batch in self.batch:
            for parts in self.accumulate:
                if batch % parts:
                    raise fault(
                        f"a batch of {batch} cannot be gone through in {parts} equal parts; change one of them"
                    )
        return self


class AdapterEntry(Fields):
    """The adapters of one recipe; if a setting is a list, of one recipe for each value."""

    recipe: _FolderName
    """The recipe's name; if there are several, `RECIPE-SETTINGVALUE`, as in `numeric-rank8`."""
    label: Name
    """The label of the adapters: what the training aims at."""
    control: Literal["gains", "no gain"] | None = None
    """As in a study: makes its adapters controls."""
    seeds: Annotated[tuple[_Seed, ...], Listed]
    """The training seeds; each makes an adapter."""
    data: Annotated[tuple[Data, ...], Listed, ONE]
    """The training data; the entries of a list are joined."""
    leave_out: Annotated[tuple[Name, ...], Listed, ONE] | None = None
    """Names of tasks: training examples that repeat a prompt of these tasks are left out."""
    settings: SettingsEntry = SettingsEntry()
    """How it is trained."""


class RecipeForm(Fields):
    """All fields of a recipe file."""

    name: _FolderName
    """The name of the study that is written."""
    base: BaseEntry
    """The base that the adapters are trained on and compared with."""
    adapters: Annotated[tuple[AdapterEntry, ...], Listed]
    """The adapters that are trained."""
    checkpoint: _Positive = 50
    """Save the state after every so many steps; an interrupted training continues from there."""
    tasks: Annotated[tuple[TaskEntry, ...], Listed]
    """As in a study."""
    claims: Mapping[Name, Annotated[tuple[_Claim, ...], Listed]] | None = None
    """As in a study."""
    family: Literal["adapter", "study"] | None = None
    """As in a study."""
    margin: Margin | None = None
    """As in a study."""
    alpha: Annotated[float, Field(ge=1e-6, lt=0.5)] | None = None
    """As in a study."""
    decoding: Decoding | None = None
    """As in a study."""
    engine: EngineSettings | None = None
    """As in a study; if it sets a `device`, training uses that device too."""
    stop: Literal["full", "decided"] | None = None
    """As in a study."""
    seed: Annotated[int, Field(ge=0)] | None = None
    """As in a study: the seed of the order of prompts, not of the training."""
    gate: Policy | None = None
    """As in a study."""
    off_target: Annotated[tuple[MetricText, ...], Listed] | None = None
    """As in a study."""


COPIED = (
    *("tasks", "claims", "family", "margin", "alpha", "decoding", "engine", "stop", "seed", "gate"),
    "off_target",
)
"""Fields that go into the study as they are."""
