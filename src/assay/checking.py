"""One adapter on the default suite, and the gate: `assay check`. It makes a study and runs it like any other.

checked = assay.check("adapters/qa", "Qwen/Qwen3-4B", "instruction")
checked.gate.outcome, checked.result.claims[0].verdict
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict, Unpack

from assay.audit import run
from assay.binding import bind
from assay.drafting.names import Named, fit_name
from assay.engines import Survey, Surveyor, Weights, surveyor
from assay.errors import AssayError, EngineError, StudyError
from assay.plan import EngineSettings
from assay.progress import Progress, silent
from assay.report import Gate, apply_gate
from assay.study import Study
from assay.tasks import load_task
from assay.verdicts import Result

__all__ = ["Checked", "Settings", "check", "folder_of", "study_of_one"]

SUITE = {"ifeval": "ifeval", "gsm8k": "numeric"}
"""The default tasks: kind of each by its name."""
OPTIONS = {
    "tasks[0].prompts": "--prompts",
    "tasks[1].examples": "--examples",
    "adapters[0].path": "the adapter",
    "adapters[0].revision": "--revision",
    "bases[0].model": "--base",
    "bases[0].revision": "--base-revision",
    "engine.dtype": "--dtype",
    "engine.options": "--option",
    "decoding.max_tokens": "--max-tokens",
    "tasks[0].limit": "--limit",
    "tasks[1].limit": "--limit",
}
"""What a user of a check calls the fields of its study."""


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
    run again, it goes on where it stopped. engine: replaces the torch engine. Raises AssayError, before
    anything is written, if anything that it names is unusable: the adapter too.
    """
    try:
        study = study_of_one(adapter, base, label, **settings)
        survey = _once(engine or surveyor(study.engine.name))
        _refuse(study, survey)
        folder = folder_of(adapter, out)
        result = run(study, folder, progress, survey)
    except AssayError as bad:
        raise type(bad)(_in_options(str(bad))) from bad
    return Checked(result, apply_gate(result, study.gate), folder)


def folder_of(adapter: Path | str, out: Path | str | None) -> Path:
    """Where the run of a check lies."""
    return Path(out) if out is not None else Path("runs") / _study_name(Named.of(str(adapter), "adapter"))


def _study_name(adapter: Named) -> str:
    return f"check-{adapter.name}"


def _refuse(study: Study, survey: Surveyor) -> None:
    """Raise EngineError if the adapter cannot be asked: in a study it is one of several, here it is the only one."""
    problems = bind(study, survey).found.problems
    if refused := [problem.message for problem in problems if problem.severity == "error"]:
        raise EngineError(f"adapter {study.adapters[0].name}: {'; '.join(refused)}")


def _once(survey: Surveyor) -> Surveyor:
    """The same look at the weights for every binding of one study: to digest them takes time."""
    seen: list[Survey] = []

    def look(settings: EngineSettings, base: Weights, adapters: Sequence[Weights]) -> Survey:
        if not seen:
            seen.append(survey(settings, base, adapters))
        return seen[0]

    return look


def _in_options(message: str) -> str:
    """A message that names options and not the fields of a study that the user never saw."""
    for place, option in OPTIONS.items():
        message = re.sub(rf"^(study: )?{re.escape(place)}(?=:)", option, message, flags=re.MULTILINE)
    message = re.sub(r"^(study: )?engine\.options\.", "--option ", message, flags=re.MULTILINE)
    message = re.sub(r"^study: ", "", message, flags=re.MULTILINE).replace(
        "; remove the line", "; leave it out"
    )
    if "decoding.template" in message:
        message += "; that needs a study: `assay init ADAPTER --base BASE`"
    for kind in SUITE.values():
        field, source = load_task(kind).data_field, load_task(kind).source
        message = message.replace(
            f"name a file of them in the study, `{field}: FILE` (to be had at {source})",
            f"give --{field} FILE (from {source})",
        )
    return message


def study_of_one(adapter: Path | str, base: Path | str, label: str, **settings: Unpack[Settings]) -> Study:
    """The study that a check runs. Paths are absolute in it, so that its copy in a run's folder holds too."""
    own, other = Named.of(str(adapter), "adapter"), Named.of(str(base), "--base")
    labels = sorted({load_task(kind).capability for kind in SUITE.values()})
    if label not in labels:
        raise StudyError(
            f"--label {label}: no task of the default suite has that capability; write {' or '.join(labels)}"
        )
    name = own.name if own.name != other.name else fit_name(f"{own.name}-adapter", "adapter")
    limit = {"limit": settings.get("limit")}
    document = {
        "name": _study_name(own),
        "bases": [{"name": other.name, "model": _place(other), "revision": settings.get("base_revision")}],
        "adapters": [
            {"name": name, "label": label, "path": _place(own), "revision": settings.get("revision")}
        ],
        "tasks": [
            {"task": kind, "name": name, **_data(load_task(kind).data_field, settings), **limit}
            for name, kind in SUITE.items()
        ],
        "decoding": {"max_tokens": settings.get("max_tokens")},
        "engine": {"dtype": settings.get("dtype"), "options": dict(settings.get("options") or {})},
    }
    return Study.from_dict(_said(document))


def _place(named: Named) -> str:
    return named.text if named.folder is None else str(named.folder)


def _data(field: str, settings: Settings) -> dict[str, str]:
    """A task's file, where one is given. Raises StudyError if it is not there."""
    given: Any = settings.get(field)
    if given is None:
        return {}
    path = os.path.abspath(os.path.expanduser(given))  # noqa: PTH100, PTH111 - as named
    if not os.path.isfile(path):  # noqa: PTH113 - pathlib raises on a name too long for a file
        what = "is a folder; name the file in it" if Path(path).is_dir() else "no such file"
        raise StudyError(f"--{field} {given}: {what}")
    return {field: path}


def _said(value: Any) -> Any:
    """Without what is None, and without what is empty then."""
    if isinstance(value, dict):
        said = {key: _said(inner) for key, inner in value.items() if inner is not None}
        return {key: inner for key, inner in said.items() if inner != {}}
    return [_said(inner) for inner in value] if isinstance(value, list) else value
