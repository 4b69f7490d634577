"""The evidence file: its fields, how it is written and read. It knows no run.

The file is canonical JSON (RFC 8785). `sha256` is the digest of the canonical text of all other fields, so that any
program can check it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from assay.canonical import canonical, canonical_sha256
from assay.errors import RunError
from assay.verdicts import ClaimResult

if TYPE_CHECKING:
    from pydantic import TypeAdapter

__all__ = ["Basis", "Contents", "DriftFigures", "Evidence", "TaskBasis", "read_evidence", "to_text"]


@dataclass(frozen=True, slots=True)
class Contents:
    """Rows of the run's records."""

    rows: int
    """How many there are."""
    sha256: str
    """Digest of what they say."""


@dataclass(frozen=True, slots=True)
class TaskBasis:
    """A task that the verdict or its drift rests on."""

    kind: str
    """What a study calls it."""
    verifier: str
    """Identity of the verifier that scored."""
    prompts: Contents
    """Its examples."""


@dataclass(frozen=True, slots=True)
class Basis:
    """What one subject contributes on one task."""

    name: str
    """The subject under its protocol, as the run's records name it."""
    task: str
    """The task's name in the study."""
    subject: str
    """Digest of what it is by content: a key of `subjects`."""
    protocol: str
    """Digest of template, decoding, limits and prompts as sent: a key of `protocols`."""
    responses: Contents
    """Its responses."""
    scores: Contents
    """Their scores."""


@dataclass(frozen=True, slots=True)
class DriftFigures:
    """The drift beside the verdict."""

    variant: str
    """`gap`, `gap_max` or `excess`."""
    value: float
    """The drift, in the metric's units."""
    interval: tuple[float, float] | None
    """Its interval."""
    off_target: tuple[str, ...]
    """The metrics of other capabilities."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A verdict and everything that it rests on, by digest."""

    finding: ClaimResult
    """The claim, its verdict and the figures, as in `verdicts.json`."""
    drift: tuple[DriftFigures, ...]
    """The drift of this claim."""
    study: str
    """The study's name."""
    source: str | None
    """`generated` or `recorded` responses, or a `summary` of scores."""
    alpha: float
    """One-sided error rate of this claim."""
    family: str
    """Which claims share the study's error rate."""
    rule: int
    """Version of the rules that chose the word."""
    claims_sha256: str
    """Digest of all claims of the study and the rules they are judged by."""
    declared_at: str
    """When these claims were stamped; UTC."""
    records_before: int
    """Responses that the run held at that time."""
    policy_sha256: str
    """Digest of the gate's policy."""
    settings_sha256: str
    """Digest of everything in the study that the responses depend on: the engine's settings among it."""
    tasks: Mapping[str, TaskBasis]
    """By name: the claim's own task and the off-target ones."""
    basis: tuple[Basis, ...]
    """The adapter, what it is compared with, and their second passes, on each of these tasks."""
    subjects: Mapping[str, Mapping[str, Any]]
    """By digest: engine, weights, configuration, tokenizer of a base; base, weights, configuration of an adapter."""
    protocols: Mapping[str, Mapping[str, Any]]
    """By digest: template, decoding, limits, prompts as sent."""
    versions: Mapping[str, str]
    """Software that generated and scored; no part of any identity."""
    format: Literal["assay.evidence/1"] = "assay.evidence/1"
    """The format; the number grows when a field changes meaning or is removed."""


def to_text(evidence: Evidence) -> str:
    """The file's text."""
    data = json.loads(json.dumps(asdict(evidence), allow_nan=False))
    return canonical({**data, "sha256": canonical_sha256(data)})


def read_evidence(path: Path) -> tuple[Evidence, bool]:
    """An evidence file, and whether its content has the digest that it states. Raises RunError where it is none."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_once)
        if not isinstance(data, dict) or not str(data.get("format", "")).startswith("assay.evidence/"):
            raise RunError(
                "is no evidence file", place=path, fix="write one with `assay export RUN --format evidence`"
            )
        stated = data.pop("sha256", None)
        return _adapter().validate_python(data), stated == canonical_sha256(data)
    except OSError as bad:
        raise RunError(f"cannot be read: {bad.strerror}", place=path) from None
    except ValueError as bad:  # of JSON, of its canonical form, or of a field
        raise RunError(
            f"is malformed: {str(bad).splitlines()[0]}", place=path, fix="export it again"
        ) from None


def _once(fields: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON. Raises ValueError for a field that is there twice: readers differ in which of both they take."""
    names = [name for name, _ in fields]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ValueError(f"the field {twice!r} is there twice")
    return dict(fields)


@cache
def _adapter() -> TypeAdapter[Evidence]:
    from pydantic import TypeAdapter

    return TypeAdapter(Evidence)
