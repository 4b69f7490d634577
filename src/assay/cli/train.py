"""`assay train`: adapters over labels, seeds and settings."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from assay.cli.app import Json, print_json
from assay.cli.tables import console, table, text

if TYPE_CHECKING:
    from assay.training import Recipe, Trained

__all__ = ["train"]


def train(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE.yaml", help="The recipe file.")],
    out: Annotated[
        Path | None,
        typer.Option(help="The folder for adapters and their study; by default adapters/<recipe's name>."),
    ] = None,
    json: Json = False,
) -> None:
    """Train adapters over labels, seeds and settings, and write their study.

    An interrupted training continues when the command is given again.
    """
    from assay import training
    from assay.cli.interrupt import Stopped
    from assay.cli.progress import show_progress

    loaded = training.load_recipe(recipe)
    folder = out or Path("adapters") / loaded.form.name
    try:
        with show_progress() as progress:
            trained = training.train(loaded, folder, progress)
    except KeyboardInterrupt:
        raise Stopped(_stopped(loaded, folder)) from None
    if json:
        print_json(_plain(trained))
    else:
        _show(trained)


def _stopped(recipe: Recipe, folder: Path) -> str:
    """What an interrupted training leaves."""
    kept = sum((folder / adapter.name / "training.json").is_file() for adapter in recipe.adapters)
    return (
        f"stopped: {kept} of {len(recipe.adapters)} adapters are in {folder}; the same command continues from the "
        f"last checkpoint"
    )


def _plain(trained: Trained) -> dict[str, object]:
    return {
        "study": str(trained.study),
        "adapters": [
            {"path": str(adapter.folder), "kept": adapter.kept, **asdict(adapter.manifest)}
            for adapter in trained.adapters
        ],
        "warnings": list(trained.warnings),
    }


def _show(trained: Trained) -> None:
    screen = console()
    made = table("Adapters", ["adapter", "label", "recipe", "seed", "steps", "first loss", "final loss"], 3)
    for manifest in (adapter.manifest for adapter in trained.adapters):
        made.add_row(
            *map(text, (manifest.name, manifest.label, manifest.recipe)),
            str(manifest.seed),
            f"{manifest.steps:,}",
            f"{manifest.loss['first']:.3f}",
            f"{manifest.loss['final']:.3f}",
        )
    screen.print(made)
    kept = sum(adapter.kept for adapter in trained.adapters)
    if kept:
        screen.print(
            text(f"{kept} of {len(trained.adapters)} adapters exist already and match the recipe: kept")
        )
    for warning in trained.warnings:
        screen.print(Text("warning: ", style="yellow") + text(warning), soft_wrap=True)
    screen.print(text(f"study: {trained.study}"), soft_wrap=True)
    screen.print(
        text(f"next: `assay plan {trained.study}`, then `assay run {trained.study}`"), soft_wrap=True
    )
