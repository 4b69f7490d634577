"""The controlled study: adapters are trained with a nominal label, and then audited like any other.

    recipe -> training -> an inert adapter beside them -> study -> audit

    folder/
      recipe.yaml       what is trained and measured
      adapters/         what `assay train` leaves, and `inert`
      study.yaml, records.sqlite, verdicts.json, report.html, report.md      what `assay run` leaves

After an interruption it resumes when it is run again in the same folder. It expects no outcome.
"""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from assay import audit, embedded
from assay.errors import EngineError, OutputError
from assay.progress import Progress, silent
from assay.runs.folder import check_folder
from assay.study import Study
from assay.training import Recipe, load_recipe, train
from assay.training.study import study_data
from assay.verdicts import Result

__all__ = ["ADAPTERS", "INERT", "RECIPE", "clear", "kept_recipe", "lacking", "run_controlled"]

SHIPPED = Path(__file__).parent / "recipe.yaml"
RECIPE, ADAPTERS, INERT = "recipe.yaml", "adapters", "inert"
REPORT = ("report.html", "report.md", "verdicts.json")
NEEDED = ("torch", "transformers", "peft", "accelerate", "safetensors")


def lacking() -> str | None:
    """Why this installation cannot train and audit on the embedded base, and the fix; None: it can."""
    absent = [name for name in NEEDED if find_spec(name) is None]
    if absent:
        return f"it needs {', '.join(absent)}, which is not installed: `pip install 'lora-assay[torch]'`"
    try:
        embedded.folder()
    except EngineError as missing:
        return str(missing)
    return None


def kept_recipe(folder: Path, given: Path | None = None) -> Recipe:
    """The recipe to run in a folder: the one given, else the folder's own, else the one that ships with assay.

    A copy of it is put into the folder. Raises StudyError if it is refused, OutputError if the folder is
    another recipe's or cannot be written.
    """
    own = folder / RECIPE
    recipe = load_recipe(given or (own if own.exists() else SHIPPED))
    text = recipe.path.read_bytes()
    try:
        if not own.exists():
            folder.mkdir(parents=True, exist_ok=True)
            own.write_bytes(text)
        elif own.read_bytes() != text:
            raise OutputError(
                f"holds what was made from another recipe, {own}",
                place=folder,
                fix="change that file and leave out --recipe, or give another --out",
            )
    except OSError as bad:
        raise OutputError(f"cannot be written: {bad.strerror}", place=folder) from None
    return recipe if given else load_recipe(own)


def run_controlled(recipe: Recipe, folder: Path, progress: Progress = silent) -> Result:
    """Train, audit, decide and report in a folder; what is there already is kept.

    Raises AssayError before any training if the recipe or the folder is unusable.
    """
    check_folder(folder)
    train(recipe, folder / ADAPTERS, progress)
    from assay.demo.inert import make_inert

    make_inert(recipe, folder / ADAPTERS / INERT)
    return audit.run(_study(recipe, folder), folder, progress)


def clear(folder: Path) -> None:
    """Leave a run's report, and remove what it was made from."""
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name not in REPORT:
            path.unlink()


def _study(recipe: Recipe, folder: Path) -> Study:
    """The study of the trained adapters and the inert one, its paths relative to the run's folder."""
    data = study_data(recipe, folder)
    for adapter in data["adapters"]:
        adapter["path"] = f"./{ADAPTERS}/{adapter['name']}"
    first = recipe.adapters[0]
    inert: dict[str, Any] = {
        "name": INERT,
        "label": first.label,
        "recipe": INERT,
        "settings": {"rank": first.settings.rank, "steps": 0},
        "path": f"./{ADAPTERS}/{INERT}",
    }
    return Study.from_dict(data | {"adapters": [*data["adapters"], inert]}, folder)
