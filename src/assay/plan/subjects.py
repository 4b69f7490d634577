"""Subjects, metrics, claims and problems as frozen types, and the key of a stored row.

They know no task and no records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from assay.plan.fields import Scalar

__all__ = ["Claim", "ClaimKind", "Metric", "MetricName", "Part", "Problem", "RowKey", "Subject", "step_words"]

ClaimKind = Literal["gains", "keeps"]


class Part(NamedTuple):
    """An adapter as it is applied to a base."""

    adapter: str
    scale: float = 1.0
    """The strength at which it is applied; 1: as it was trained."""


def step_words(recipe: str, step: int | None) -> str:
    """`math`, or `math at step 200`."""
    return recipe if step is None else f"{recipe} at step {step}"


@dataclass(frozen=True, slots=True)
class Subject:
    """What generates responses: a base, or adapters applied to one."""

    name: str
    """Unique in the plan."""
    base: str
    """Name of its base; a base's own name."""
    parts: tuple[Part, ...] = ()
    """The adapters applied, with their scales; empty for a base and for a full model of its own weights."""
    source: str | None = None
    """Its weights as the study names them: a folder or a hub id; None where responses were recorded."""
    revision: str | None = None
    """Of the hub id."""
    label: str = ""
    """The capability that its training aimed at, nominally; empty for a base."""
    recipe: str = ""
    """Its training setting; subjects of one recipe differ by seed and step only."""
    seed: int | None = None
    """The training seed."""
    step: int | None = None
    """The training step of a checkpoint of its seed; None: the result of the training."""
    settings: Mapping[str, Scalar] = field(default_factory=dict)
    """What varies between recipes."""
    control: Literal["gains", "no gain"] | None = None
    """What it must show as a control of the study itself; None: it is tested."""

    @property
    def replicated(self) -> tuple[str, str, int | None]:
        """Recipe, base and step: adapters that share them differ by seed only, and count as replicates."""
        return self.recipe, self.base, self.step

    @property
    def training(self) -> tuple[str, str, int | None]:
        """Recipe, base and step, the same at each scale of an adapter."""
        recipe = self.recipe.removesuffix(f"@{self.scale:g}") if self.is_dose else self.recipe
        return recipe, self.base, self.step

    @property
    def is_base(self) -> bool:
        """Whether it is a base of the study."""
        return self.name == self.base

    @property
    def is_model(self) -> bool:
        """Whether it is a full model of its own weights, compared with a base."""
        return not self.parts and not self.is_base

    @property
    def adapter(self) -> str:
        """Name of the adapter that is applied, at whatever scale; without one, its own."""
        return self.parts[0].adapter if self.parts else self.name

    @property
    def scale(self) -> float:
        """The strength at which its adapter is applied."""
        return self.parts[0].scale if self.parts else 1.0

    @property
    def is_dose(self) -> bool:
        """Whether it is another scale of an adapter than the one that has the adapter's name."""
        return self.name != self.adapter


class MetricName(NamedTuple):
    """A metric of a task of the study; as text `gsm8k.numeric_match`."""

    task: str
    name: str

    def __str__(self) -> str:
        return f"{self.task}.{self.name}"

    @classmethod
    def parse(cls, text: str) -> MetricName:
        """`gsm8k.numeric_match` as task and metric; the task's own name may hold dots."""
        task, _, name = text.rpartition(".")
        return cls(task, name)


@dataclass(frozen=True, slots=True)
class Metric:
    """A number by which a task measures a subject: the sum of `passed` over the sum of `out_of`."""

    name: str
    """Without the task's name: `prompt_strict`."""
    kind: Literal["binary", "ratio", "mean"]
    """`binary`: pass or fail a prompt, out of 1. `ratio`: several checks nested in a prompt. `mean`: a number
    between 0 and 1 for each prompt, in parts of a million."""
    title: str
    """For a reader: `prompt-level accuracy, strict`."""
    extracted_by: str | None = None
    """The metric that says whether an answer was found at all; gains split into format and answer by it."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One promise of one subject, tested against a reference on the same prompts."""

    subject: Subject
    reference: Subject
    """What a gain is measured against: its base, or another subject."""
    metric: MetricName
    kind: ClaimKind
    margin: float
    """The smallest change that matters, a fraction of 1."""
    alpha: float
    """One-sided error rate: the study's, divided by the claims of the declared family."""
    off_target: tuple[MetricName, ...] = ()
    """The off-target metrics: drift is measured on them, and the gate checks them for harm."""
    scale: float | None = None
    """The scale that the study's claim names; None: 1, or the adapter's only one."""

    @property
    def label(self) -> str:
        """Of its subject."""
        return self.subject.label

    @property
    def against(self) -> str | None:
        """Name of its reference, where that is another subject than the base."""
        return None if self.reference.name == self.subject.base else self.reference.name


class RowKey(NamedTuple):
    """What identifies a stored response."""

    subject: str
    """Name of the subject under its protocol."""
    task: str
    example: str
    sample: int = 0
    """Repeat under sampling."""
    request: int = 0
    """Index among several continuations of one example, or of the turn in a conversation."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding about a base, adapter or task, before any token is generated."""

    subject: str
    severity: Literal["error", "warning", "note"]
    """`error`: it cannot be measured. `warning`: the figures may not mean what they seem to. `note`: good to know."""
    message: str
