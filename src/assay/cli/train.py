"""The command that makes adapters: train, and what it prints."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli.app import Json, Stopped, app, print_json

if TYPE_CHECKING:
    from assay.training import Recipe, Trained

__all__ = ["train"]


@app.command()
def train(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE.yaml", help="The recipe file.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder for adapters and their study. [adapters/<recipe's name>]")
    ] = None,
    json: Json = False,
) -> None:
    """Train adapters over labels, seeds and settings, and write their study. Resumes by itself."""
    from assay.cli.progress import show_progress
    from assay.training import load_recipe
    from assay.training import train as trained

    loaded = load_recipe(recipe)
    folder = out or Path("adapters") / loaded.form.name
    try:
        with show_progress() as progress:
            found = trained(loaded, folder, progress)
    except KeyboardInterrupt:
        raise Stopped(_stopped(loaded, folder)) from None
    if json:
        print_json(_plain(found))
    else:
        _show(found)


def _stopped(recipe: Recipe, folder: Path) -> str:
    """What an interrupted training leaves."""
    there = sum((folder / adapter.name / "training.json").is_file() for adapter in recipe.adapters)
    return (
        f"stopped: {there} of {len(recipe.adapters)} adapters are in {folder}; the same command goes on from the "
        f"last checkpoint"
    )


def _plain(found: Trained) -> dict[str, object]:
    return {
        "study": str(found.study),
        "adapters": [
            {"path": str(one.folder), "kept": one.kept, **asdict(one.record)} for one in found.adapters
        ],
        "warnings": list(found.warnings),
    }


def _show(found: Trained) -> None:
    from rich.text import Text

    from assay.cli.tables import console, table, text

    screen = console()
    made = table("Adapters", ["adapter", "label", "recipe", "seed", "steps", "first loss", "final loss"], 3)
    for one in found.adapters:
        record = one.record
        made.add_row(
            *map(text, (record.name, record.label, record.recipe)),
            str(record.seed),
            f"{record.steps:,}",
            f"{record.loss['first']:.3f}",
            f"{record.loss['final']:.3f}",
        )
    screen.print(made)
    kept = sum(one.kept for one in found.adapters)
    if kept:
        screen.print(
            text(f"{kept} of {len(found.adapters)} were there before and are as the recipe says: kept")
        )
    for warning in found.warnings:
        screen.print(Text("warning: ", style="yellow") + text(warning), soft_wrap=True)
    screen.print(text(f"study: {found.study}"), soft_wrap=True)
    screen.print(text(f"next: `assay plan {found.study}`, then `assay run {found.study}`"), soft_wrap=True)
