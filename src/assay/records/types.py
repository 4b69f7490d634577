"""Types of a run's records: scores of a subject on a task, declared claim blocks, the schedule of looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from assay.stats import Verdict

__all__ = ["Declared", "Refusal", "Schedule", "Scores", "in_turns"]


@dataclass(frozen=True, slots=True)
class Scores:
    """One subject's scores on one task, by example in file order."""

    passed: NDArray[np.int64]
    """(examples, samples, metrics)"""
    out_of: NDArray[np.int64]
    """(examples, samples, metrics); equal over samples and over subjects."""
    positions: NDArray[np.int64]
    """(examples,): of each example in its task."""


@dataclass(frozen=True, slots=True)
class Declared:
    """A claim block as it was declared."""

    sha256: str
    """Digest of the block."""
    declared_at: str
    """UTC, ISO 8601."""
    records_before: int
    """Number of records that the run held at that time; 0 when claims came first."""


class Refusal(NamedTuple):
    """Why an adapter's claims end without evidence."""

    verdict: Verdict
    """`not applied` or `not measured`."""
    reason: str


@dataclass(frozen=True, slots=True)
class Schedule:
    """How the prompts of a run that may stop early are ordered, and the looks that were taken."""

    design: Literal["group", "betting"]
    first: int
    """Prompts before the first look."""
    every: int
    """Prompts between looks."""
    orders: Mapping[str, Sequence[int]]
    """By task: positions of its examples, in the random order of the prompts."""
    looks: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """By task and content of an adapter (`Store.cell_key`): prompts at every look, rising."""


def in_turns(texts: Sequence[str]) -> str:
    """The texts of a conversation, each after the number of its turn; a single text as it is."""
    if len(texts) == 1:
        return texts[0]
    return "\n\n".join(f"[turn {turn}]\n{text}" for turn, text in enumerate(texts, 1))
