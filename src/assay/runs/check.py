"""One adapter on the default suite: the study that `assay check` runs, and its errors in the words of a check.

    study = study_of_one("adapters/qa", "Qwen/Qwen3-4B", "instruction", limit=100)

It runs nothing. A user of a check wrote no study: an error about a field of it names the option that sets
the field.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypedDict, Unpack

from assay.engines import PreflightFunction
from assay.errors import AssayError, EngineError, Place, StudyError
from assay.files import file_exists, folder_exists
from assay.plan import Plan
from assay.runs.resolve import resolve
from assay.study import Study
from assay.study.names import ModelName, fit_name
from assay.tasks import SUITE, load_task

__all__ = ["CheckSettings", "check_study", "folder_of", "in_options", "resolve_check", "study_of_one"]

Field = tuple[str | int, ...]
WITHIN = "leave out --budget: such a check may stop early"
OPTIONS: Mapping[Field, str] = {
    ("tasks", 0): "--prompts",
    ("tasks", 1): "--examples",
    ("tasks", 0, "prompts"): "--prompts",
    ("tasks", 1, "examples"): "--examples",
    ("tasks", 0, "limit"): "--limit",
    ("tasks", 1, "limit"): "--limit",
    ("adapters", 0, "path"): "the adapter",
    ("adapters", 0, "revision"): "--revision",
    ("bases", 0, "model"): "--base",
    ("bases", 0, "revision"): "--base-revision",
    ("decoding", "max_tokens"): "--max-tokens",
    ("decoding", "template"): "--template",
    ("engine", "name"): "--engine",
    ("engine", "dtype"): "--dtype",
    ("engine",): "--engine",
}
"""What a check calls the fields of its study."""
FIXES: Mapping[Field, str] = {
    ("tasks", 0): WITHIN,
    ("tasks", 1): WITHIN,
    ("decoding", "template"): "give --template FILE, or --template none to send prompts as they are",
    ("adapters", 0, "revision"): "leave it out",
    ("bases", 0, "revision"): "leave it out",
}
"""Fixes for a check where those for a study do not fit."""


class CheckSettings(TypedDict, total=False):
    """Settings of a check in addition to the adapter, its base and its label; defaults are those of a study."""

    revision: str | None
    """Revision of the adapter's hub id."""
    base_revision: str | None
    """Revision of the base's hub id."""
    prompts: Path | str | None
    """IFEval's prompts; from the hub by default."""
    examples: Path | str | None
    """GSM8K's examples; from the hub by default."""
    limit: int | None
    """Use only this many examples of each task, the first ones."""
    max_tokens: int | None
    """Longest response."""
    template: Path | str | None
    """Chat template: a file, `chat` (the base's own) or `none`."""
    dtype: str | None
    """Type of the weights."""
    options: Mapping[str, Any]
    """Fields of a study's `engine`, or options of that engine."""


def study_of_one(
    adapter: Path | str,
    base: Path | str,
    label: str,
    engine: str | None = None,
    **settings: Unpack[CheckSettings],
) -> Study:
    """The study that a check runs. Its paths are absolute, so that its copy in a run's folder works too.

    Raises StudyError where the adapter, the base or a file cannot be found, or no task of the suite fits the label.
    """
    adapter_ref, base_ref = (
        ModelName.of(str(adapter), "adapter", inner=True),
        ModelName.of(str(base), "--base"),
    )
    labels = sorted({load_task(kind).capability for kind in SUITE.values()})
    if label not in labels:
        raise StudyError(
            "no task of the default suite has that capability",
            place=f"--label {label}",
            fix=f"write {' or '.join(labels)}",
        )
    name = adapter_ref.name
    if name == base_ref.name:
        name = fit_name(f"{name}-adapter", "adapter")
    document = {
        "name": _study_name(adapter_ref),
        "bases": [
            {"name": base_ref.name, "model": _source(base_ref), "revision": settings.get("base_revision")}
        ],
        "adapters": [
            {
                "name": name,
                "label": label,
                "path": _source(adapter_ref),
                "revision": settings.get("revision"),
            }
        ],
        "tasks": [
            {
                "task": kind,
                "name": task,
                "limit": settings.get("limit"),
                load_task(kind).data_field: _file(load_task(kind).data_field, settings),
            }
            for task, kind in SUITE.items()
        ],
        "decoding": {"max_tokens": settings.get("max_tokens"), "template": _file("template", settings)},
    }
    options = {**settings.get("options", {}), **_without_none({"dtype": settings.get("dtype")})}
    return Study.from_dict(_without_none(document)).with_engine(engine, options)


def check_study(
    adapter: Path | str,
    base: Path | str,
    label: str,
    engine: PreflightFunction | str | None = None,
    **settings: Unpack[CheckSettings],
) -> tuple[Study, PreflightFunction | None]:
    """The study of a check, and the preflight that replaces its engine's, where one was given instead of a name."""
    name, preflight = (engine, None) if engine is None or isinstance(engine, str) else (None, engine)
    return study_of_one(adapter, base, label, name, **settings), preflight


def resolve_check(
    study: Study, preflight: PreflightFunction | None = None, limits: Mapping[str, int] | None = None
) -> Plan:
    """The plan of a check. limits: prompts by task, for a run that also stops once everything is decided.

    Raises AssayError if anything is unusable, the adapter included: a study has several, a check only this one.
    """
    if limits is not None:
        study = study.limited(limits).stopping("decided")
    plan = resolve(study, preflight)
    if errors := [problem.message for problem in plan.problems if problem.severity == "error"]:
        raise EngineError("; ".join(errors), place=f"adapter {plan.adapters[0].name}")
    return plan


def folder_of(adapter: Path | str, out: Path | str | None) -> Path:
    """The folder of a check's run."""
    return (
        Path(out)
        if out is not None
        else Path("runs") / _study_name(ModelName.of(str(adapter), "adapter", inner=True))
    )


def _study_name(adapter: ModelName) -> str:
    return f"check-{adapter.name}"


@contextmanager
def in_options() -> Iterator[None]:
    """Errors about fields of a check's study name the options that set them."""
    try:
        yield
    except AssayError as error:
        if any(isinstance(part.place, Place) for part in error.parts):
            raise type(error).joined(map(_in_options, error.parts)) from error
        raise


def _in_options(error: AssayError) -> AssayError:
    field = error.place.field if isinstance(error.place, Place) else ()
    if not field:
        return error
    place = OPTIONS.get(field)
    if field[:2] == ("engine", "options") and len(field) > 2:
        place = f"--option {'.'.join(map(str, field[2:]))}"
    elif field[:1] == ("engine",) and place is None:
        place = f"--option {'.'.join(map(str, field[1:]))}"
    return type(error)(error.message, place=place or Place.of(*field), fix=_fix(field, error.fix))


def _fix(field: Field, fix: str) -> str:
    for index, task in enumerate(map(load_task, SUITE.values())):
        if field == ("tasks", index, task.data_field):
            return f"give --{task.data_field} FILE (from {task.source})"
    return FIXES.get(field, fix)


def _source(named: ModelName) -> str:
    return named.text if named.folder is None else str(named.folder)


def _file(option: str, settings: CheckSettings) -> str | None:
    """The file that an option names, where it is given. Raises StudyError if it is not there."""
    given: Any = settings.get(option)
    if given is None or (option == "template" and given in ("chat", "none")):
        return None if given is None else str(given)
    path: str = os.path.abspath(os.path.expanduser(given))  # noqa: PTH100, PTH111 - as named
    if not file_exists(path):
        place = f"--{option} {given}"
        if folder_exists(path):
            raise StudyError("is a folder", place=place, fix="name the file in it")
        raise StudyError("no such file", place=place)
    return path


def _without_none(value: Any) -> Any:
    """Without what is None, and without what is empty then."""
    if isinstance(value, dict):
        kept = {key: _without_none(inner) for key, inner in value.items() if inner is not None}
        return {key: inner for key, inner in kept.items() if inner != {}}
    return [_without_none(inner) for inner in value] if isinstance(value, list) else value
