"""One adapter on the default suite, and the gate: `assay check`. It makes a study and runs it like any other.

checked = assay.check("adapters/qa", "Qwen/Qwen3-4B", "instruction")
checked.gate.outcome, checked.result.claims[0].verdict
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict, Unpack

from assay.asking import Progress, silent
from assay.audit import run
from assay.drafting.names import Named, fit_name
from assay.engines import Surveyor
from assay.report import Gate, apply_gate
from assay.study import Study
from assay.verdicts import Result

__all__ = ["Checked", "Settings", "check", "study_of_one"]


class Settings(TypedDict, total=False):
    """What may be said of a check; each is the study's field of that name unless told otherwise."""

    revision: str | None
    """Of the adapter's hub id."""
    base_revision: str | None
    """Of the base's hub id."""
    prompts: Path | str | None
    """IFEval's prompts; from the hub by default."""
    examples: Path | str | None
    """GSM8K's examples; from the hub by default."""
    limit: int | None
    """Use the first so many examples of each task only."""
    max_tokens: int | None
    """Longest response."""
    dtype: str | None
    """Of the weights."""
    options: Mapping[str, Any]
    """The engine's own."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check finds."""

    result: Result
    gate: Gate
    """Under the default policy."""
    folder: Path
    """Of the run: its records and reports."""


def check(
    adapter: Path | str,
    base: Path | str,
    label: str,
    out: Path | str | None = None,
    progress: Progress = silent,
    engine: Surveyor | None = None,
    **settings: Unpack[Settings],
) -> Checked:
    """Test one adapter against its label on IFEval and GSM8K, and apply the default gate.

    adapter, base: a folder or a hub id. out: the run's folder, `runs/check-<adapter's name>` unless given;
    run again, it goes on where it stopped. engine: replaces the torch engine. Raises AssayError if
    anything that it names is unusable.
    """
    study = study_of_one(adapter, base, label, **settings)
    folder = Path(out) if out is not None else Path("runs") / study.name
    result = run(study, folder, progress, engine)
    return Checked(result, apply_gate(result, study.gate), folder)


def study_of_one(adapter: Path | str, base: Path | str, label: str, **settings: Unpack[Settings]) -> Study:
    """The study that a check runs. Paths are absolute in it, so that its copy in a run's folder holds too."""
    own, other = Named.of(str(adapter), "adapter"), Named.of(str(base), "--base")
    name = own.name if own.name != other.name else fit_name(f"{own.name}-adapter", "adapter")
    limit = {"limit": settings.get("limit")}
    document = {
        "name": f"check-{own.name}",
        "bases": [{"name": other.name, "model": _place(other), "revision": settings.get("base_revision")}],
        "adapters": [
            {"name": name, "label": label, "path": _place(own), "revision": settings.get("revision")}
        ],
        "tasks": [
            {"task": "ifeval", "prompts": _file(settings.get("prompts")), **limit},
            {"task": "numeric", "name": "gsm8k", "examples": _file(settings.get("examples")), **limit},
        ],
        "decoding": {"max_tokens": settings.get("max_tokens")},
        "engine": {"dtype": settings.get("dtype"), "options": dict(settings.get("options") or {})},
    }
    return Study.from_dict(_said(document))


def _place(named: Named) -> str:
    return named.text if named.folder is None else str(named.folder)


def _file(path: Path | str | None) -> str | None:
    return None if path is None else os.path.abspath(os.path.expanduser(path))  # noqa: PTH100, PTH111 - as named


def _said(value: Any) -> Any:
    """Without what is None, and without what is empty then."""
    if isinstance(value, dict):
        said = {key: _said(inner) for key, inner in value.items() if inner is not None}
        return {key: inner for key, inner in said.items() if inner != {}}
    return [_said(inner) for inner in value] if isinstance(value, list) else value
