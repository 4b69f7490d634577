"""The study that audits the trained adapters: written beside them, and checked before they are trained.

It knows no weights. What a recipe file shares with a study (tasks, margin, decoding, ...) is copied,
with its paths made relative to the new file.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assay.errors import AssayError, OutputError, Place, StudyError
from assay.files import file_sha256
from assay.runs.resolve import plan_of
from assay.runs.tasks import resolve_tasks
from assay.study import Study, load_study
from assay.study.names import relative
from assay.study.strict import dump
from assay.training.form import COPIED
from assay.training.recipe import Planned, Recipe, Settings

__all__ = ["FILE", "check_place", "check_study", "study_text", "write_study"]

FILE = "study.yaml"
ALWAYS = ("rank", "alpha", "target_modules", "learning_rate")
"""Settings that the study always shows; of the others, those that the recipe file gives."""


def check_study(recipe: Recipe, out: Path) -> Study:
    """The study of what the recipe file says, its adapters not yet there. Raises StudyError if there is none."""
    try:
        study = Study.from_dict(study_data(recipe, out), out, check_files=False)
        plan_of(study, resolve_tasks(study))
        return study
    except StudyError as bad:
        raise StudyError.joined(_in_recipe(recipe, part) for part in bad.parts) from None


def _in_recipe(recipe: Recipe, error: AssayError) -> StudyError:
    """An error about the study, placed in the recipe file, which has the same fields but for the list of adapters."""
    field = error.place.field if isinstance(error.place, Place) else ()
    match field:
        case ("adapters", int(index), *rest):
            field = ("adapters", recipe.adapters[index].entry, *rest)
        case (str(name), *_) if name in COPIED:
            error = StudyError(f"{Place.of(*field)}: {error.message}", fix=error.fix)
    return StudyError(
        f"the study of these adapters would be refused: {error.message}",
        place=recipe.document.locate(*field),
        fix=error.fix,
    )


def study_text(recipe: Recipe, out: Path) -> str:
    """The study file."""
    head = (
        f"# The study of the adapters that `assay train {recipe.path.name}` made.\n"
        f"#   assay plan {FILE}     what it can find out, and what it costs\n"
        f"#   assay run {FILE}\n"
    )
    data = study_data(recipe, out)
    adapters = data.pop("adapters")
    beginning = {key: data.pop(key) for key in ("name", "bases")}
    lines = [line for adapter in adapters for line in _lines(adapter)]
    return "\n".join([head + dump(beginning) + "adapters:", *lines, dump(data)])


def _lines(adapter: dict[str, Any]) -> Iterator[str]:
    """One adapter, its settings on one line."""
    entry = [f"{key}: {_scalar(value)}" for key, value in adapter.items() if key != "settings"]
    flow = ", ".join(f"{key}: {_scalar(value)}" for key, value in adapter["settings"].items())
    yield "- " + entry[0]
    yield from (f"  {line}" for line in [*entry[1:-1], f"settings: {{{flow}}}", entry[-1]])


def _scalar(value: str | int | float | bool) -> str:
    return dump({"x": value})[len("x: ") :].rstrip("\n")


def study_data(recipe: Recipe, out: Path) -> dict[str, Any]:
    """The study as plain data; paths are relative to `out`."""
    base, given = recipe.form.base, recipe.document.data
    model = recipe.base
    entry: dict[str, Any] = {"name": recipe.base_name}
    entry["model"] = relative(model, out.absolute(), base.model) if isinstance(model, Path) else model
    for key in ("revision", "file"):
        if (value := getattr(base, key)) is not None:
            entry[key] = value
    data: dict[str, Any] = {
        "name": recipe.form.name,
        "bases": [entry],
        "adapters": [_adapter(recipe, adapter) for adapter in recipe.adapters],
    }
    copied = {key: copy.deepcopy(given[key]) for key in COPIED if key in given}
    for task in copied["tasks"]:
        for key in ("prompts", "examples"):
            if key in task:
                task[key] = _moved(recipe, task[key], out)
    template = copied.get("decoding", {}).get("template")
    if template not in (None, "chat", "none"):
        copied["decoding"]["template"] = _moved(recipe, template, out)
    if base.dtype is not None:
        copied["engine"] = {"dtype": base.dtype} | copied.get("engine", {})
    return data | copied


def _adapter(recipe: Recipe, adapter: Planned) -> dict[str, Any]:
    control = recipe.form.adapters[adapter.entry].control
    return {
        "name": adapter.name,
        "label": adapter.label,
        "recipe": adapter.recipe,
        "seed": adapter.seed,
        "settings": _shown(recipe, adapter.entry, adapter.settings),
        **({} if control is None else {"control": control}),
        "path": f"./{adapter.name}",
    }


def _shown(recipe: Recipe, entry: int, settings: Settings) -> dict[str, Any]:
    given = recipe.form.adapters[entry].settings.model_fields_set
    return {key: value for key, value in settings.plain.items() if key in given or key in ALWAYS}


def _moved(recipe: Recipe, path: str, out: Path) -> str:
    return relative(recipe.resolve(path), out.absolute(), path)


def check_place(out: Path, written: Path) -> None:
    """Raise OutputError if the study in `out` was changed since it was written; `written` holds its digests."""
    file = out / FILE
    if not file.is_file():
        return
    if not written.is_file() or file_sha256(file) not in written.read_text(encoding="utf-8").split():
        raise OutputError(
            "was changed since it was written, or not written by `assay train`",
            place=file,
            fix="move it away, or give another --out",
        )


def write_study(text: str, out: Path, written: Path) -> Study:
    """Write the study of trained adapters, and read it back as `assay run` will."""
    file, partial = out / FILE, out / f"{FILE}.partial"
    partial.write_text(text, encoding="utf-8")
    # Both digests until the new file is there: killed in between, either one is ours.
    before = file_sha256(file) if file.is_file() else ""
    now = file_sha256(partial)
    written.write_text(f"{before}\n{now}\n", encoding="utf-8")
    partial.replace(file)
    written.write_text(f"{now}\n", encoding="utf-8")
    return load_study(file)
