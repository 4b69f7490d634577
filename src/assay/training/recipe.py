"""The recipe file: what `assay train` reads. It opens no data and no weights.

    recipe = load_recipe(Path("studies/instruction-vs-numeric-recipe.yaml"))
    [adapter.name for adapter in recipe.adapters]            # ["instruction-s1", "instruction-s2", ...]

Strict like a study file: an unknown field, a number in quotes or a name given twice is refused with its line.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import product
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from assay.errors import StudyError
from assay.files import file_exists, folder_exists, read_text
from assay.study.document import Document, Place, Problem, words
from assay.study.explain import NO_FIELD, did_you_mean, explain
from assay.study.names import ModelName, fit_name
from assay.study.strict import parse
from assay.training.form import AdapterEntry, BaseEntry, Data, RecipeForm, SettingsEntry

__all__ = ["Planned", "Recipe", "Settings", "load_recipe"]


@dataclass(frozen=True, slots=True)
class Settings:
    """How one adapter is trained; the words of the recipe file."""

    rank: int
    alpha: float
    rslora: bool
    dropout: float
    target_modules: tuple[str, ...]
    learning_rate: float
    schedule: str
    warmup: float
    weight_decay: float
    clip: float
    steps: int | None
    """None: by `epochs`."""
    epochs: float | None
    """None: by `steps`."""
    batch: int
    accumulate: int
    max_length: int

    @property
    def plain(self) -> dict[str, str | int | float | bool]:
        """As scalars, those that are not used left out; target modules in one line."""
        given = {key: value for key, value in asdict(self).items() if value is not None}
        return given | {"target_modules": ", ".join(self.target_modules)}


@dataclass(frozen=True, slots=True)
class Planned:
    """One adapter to train."""

    name: str
    """Of its folder and in the study: `numeric-rank8-s1`."""
    recipe: str
    label: str
    seed: int
    settings: Settings
    entry: int
    """Which entry of the recipe file it comes from."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """A recipe file, checked for form."""

    form: RecipeForm
    document: Document
    """Its text, with the line of everything in it."""
    adapters: tuple[Planned, ...]

    @property
    def path(self) -> Path:
        """The file."""
        return self.document.path or Path("recipe.yaml")

    @property
    def folder(self) -> Path:
        """What paths are relative to."""
        return self.path.absolute().parent

    def resolve(self, path: str) -> Path:
        """A path of the recipe file as an absolute one."""
        home = os.path.expanduser(path)  # noqa: PTH111 - leaves `~nobody` alone where pathlib raises
        return Path(os.path.normpath(self.folder / home))

    @property
    def base(self) -> Path | str:
        """Where the base is: a folder, or a hub id."""
        model = self.form.base.model
        local = model.startswith(("/", "./", "../", "~")) or model in (".", "..") or model.endswith(".gguf")
        folder = self.resolve(model)
        return folder if local or folder_exists(folder) else model

    @property
    def base_name(self) -> str:
        """What the study calls the base."""
        folder = self.base if isinstance(self.base, Path) else None
        return self.form.base.name or ModelName(self.form.base.model, folder).name

    def data(self, entry: int) -> tuple[Data, ...]:
        """What the adapters of an entry learn from."""
        return self.form.adapters[entry].data

    def data_place(self, entry: int, index: int) -> Place:
        """Where in the file: data that is a list of one need not be written as a list."""
        place: Place = ("adapters", entry, "data")
        return (*place, index) if (*place, index) in self.document.lines else place


def load_recipe(path: Path) -> Recipe:
    """Read a recipe file. Raises StudyError: a line a problem, each with file, line, field and fix."""
    document = parse(read_text(path, StudyError), path)
    if not isinstance(document.data, dict):
        found = document.found(())
        document.refuse([Problem((), f"a recipe file is a mapping, `name: ...`, `base: ...`; found {found}")])
    try:
        form = RecipeForm.model_validate(document.data)
    except ValidationError as error:
        document.refuse([_placed(problem, document) for problem in explain(error, document, RecipeForm)])
    adapters = tuple(
        planned for entry, given in enumerate(form.adapters) for planned in _expanded(entry, given)
    )
    recipe = Recipe(form, document, adapters)
    if problems := [*_names(recipe), *_left_out(recipe), *_files(recipe)]:
        document.refuse(problems)
    return recipe


_SECTIONS: dict[str | int, type[BaseModel]] = {
    "settings": SettingsEntry,
    "data": Data,
    "adapters": AdapterEntry,
    "base": BaseEntry,
}


def _placed(problem: Problem, document: Document) -> Problem:
    """The problem where the author wrote it, with the fields of a recipe file rather than a study's."""
    place: Place = ()
    for part in problem.place:
        if isinstance(part, str) or (*place, part) in document.lines:
            place = (*place, part)
    if place[:1] not in (("adapters",), ("base",)) or problem.text != NO_FIELD:
        return problem._replace(place=place)
    section = next(_SECTIONS[part] for part in reversed(place[:-1]) if part in _SECTIONS)
    known = tuple(section.model_fields)
    more = did_you_mean(str(place[-1]), known, f"fields here: {', '.join(known)}")
    return Problem(place, NO_FIELD, more)


def _expanded(entry: int, given: AdapterEntry) -> Iterator[Planned]:
    """An adapter for each seed of each combination of settings."""
    values = {field.name: getattr(given.settings, field.name) for field in fields(Settings)}
    if values["steps"] is None and values["epochs"] is None:
        values["epochs"] = (1.0,)
    varied = [name for name, several in values.items() if several is not None and len(several) > 1]
    for chosen in product(*(several or (None,) for several in values.values())):
        settings = Settings(**dict(zip(values, map(_tidy, chosen), strict=True)))
        suffix = "".join(f"-{name}{_short(getattr(settings, name))}" for name in varied)
        recipe = fit_name(given.recipe + suffix, given.recipe)
        for seed in given.seeds:
            yield Planned(f"{recipe}-s{seed}", recipe, given.label, seed, settings, entry)


def _tidy(value: Any) -> Any:
    """`16`, where 16.0 was made of it."""
    return int(value) if isinstance(value, float) and value.is_integer() and value < 1e15 else value


def _short(value: Any) -> str:
    """A value in a name: `8`, `0.0002`, `q_proj+v_proj`."""
    if isinstance(value, tuple):
        return "+".join(value)
    if isinstance(value, float):
        return f"{value:.12g}"
    return str(value).lower()


def _names(recipe: Recipe) -> Iterator[Problem]:
    """Names have to differ without their case: on some disks `A-s1` and `a-s1` are one folder."""
    names: set[str] = set()
    owners: dict[str, int] = {}
    for adapter in recipe.adapters:
        place: Place = ("adapters", adapter.entry, "recipe")
        owner = owners.setdefault(adapter.recipe.casefold(), adapter.entry)
        if adapter.name == recipe.base_name:
            yield Problem(
                place,
                f'"{adapter.name}" is also the base',
                "bases and adapters need names of their own: rename one",
            )
        if owner != adapter.entry:
            yield Problem(
                place,
                f'"{adapter.recipe}" is also made by {words(("adapters", owner))}',
                "adapters of one recipe differ by seed only: put all seeds in one entry, or rename one",
            )
        elif adapter.name.casefold() in names:
            yield Problem(
                place,
                f'"{adapter.name}" comes twice from this entry: its seeds or settings name one value twice',
                "remove one",
            )
        names.add(adapter.name.casefold())


def _left_out(recipe: Recipe) -> Iterator[Problem]:
    """Names of tasks that the recipe file does not have."""
    tasks = [task.name for task in recipe.form.tasks]
    for entry, given in enumerate(recipe.form.adapters):
        for task in given.leave_out or ():
            if task not in tasks:
                known = f"the tasks here are {', '.join(tasks)}"
                more = did_you_mean(task, tasks, known)
                yield Problem(("adapters", entry, "leave_out"), f'no task is called "{task}"', more)


def _files(recipe: Recipe) -> Iterator[Problem]:
    """Whether the local files and the folder that the recipe names are there."""
    for place, path in _named(recipe):
        if not file_exists(recipe.resolve(path)):
            yield _no_file(recipe, place, path)
    base = recipe.base
    if isinstance(base, Path):
        gguf = base.name.endswith(".gguf")
        if not (folder_exists(base) or (gguf and file_exists(base))):
            what = f"no {'file' if gguf else 'folder'} {base}"
            yield Problem(("base", "model"), what, "paths are relative to the recipe file")
        elif recipe.form.base.revision is not None:
            yield Problem(("base", "revision"), f"a local folder has no revision ({base})", "remove the line")
    elif base.count("/") > 1:
        yield Problem(
            ("base", "model"), f'"{base}" is neither a folder nor a hub id (owner/name)', "correct the path"
        )


def _named(recipe: Recipe) -> Iterator[tuple[Place, str]]:
    """Place and path of each file."""
    for entry in range(len(recipe.form.adapters)):
        for index, data in enumerate(recipe.data(entry)):
            if data.path is not None:
                yield (*recipe.data_place(entry, index), "path"), data.path
    for i, task in enumerate(recipe.form.tasks):
        for key, path in (("prompts", task.prompts), ("examples", task.examples)):
            if path is not None:
                yield ("tasks", i, key), path
    template = recipe.form.decoding.template if recipe.form.decoding else None
    if template is not None and template not in ("chat", "none"):
        yield ("decoding", "template"), template


def _no_file(recipe: Recipe, place: Place, path: str) -> Problem:
    missing = recipe.resolve(path)
    try:
        beside: Sequence[str] = [other.name for other in missing.parent.iterdir()]
    except OSError:
        return Problem(place, f"no file {missing} (nor its folder)", "paths are relative to the recipe file")
    more = did_you_mean(missing.name, beside, "paths are relative to the recipe file")
    return Problem(place, f"no file {missing}", more)
