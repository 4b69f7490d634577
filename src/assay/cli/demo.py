"""The command that shows all of it: demo."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli.app import Json, Stopped, app
from assay.errors import AssayError

if TYPE_CHECKING:
    from assay.cli.following import Following
    from assay.training import Recipe
    from assay.verdicts import Result

__all__ = ["demo"]


@app.command()
def demo(
    study: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A recipe file of your own, as `assay train` takes it."),
    ] = None,
    keep: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep recipe, adapters and run here, and go on from there."),
    ] = None,
    published: Annotated[
        bool, typer.Option("--published", help="Audit published figures instead; needs no torch.")
    ] = False,
    json: Json = False,
) -> None:
    """Train adapters with labels on the embedded base, and test them: minutes, offline."""
    from assay.demo.controlled import RECIPE, lacking

    if published and study is not None:
        raise AssayError("--published trains nothing, and --study says what to train; leave one out")
    own = study is not None or (keep is not None and (keep / RECIPE).exists())
    reason = None if published or own else lacking()
    if reason:
        sys.stderr.write(
            f"assay: the controlled study cannot run here: {reason}\nWhat follows is `assay demo --published`.\n"
        )
    if published or reason:
        _published(keep, json)
    elif keep is not None:
        _kept(study, keep, json)
    else:
        _passing(study, json)


def _published(keep: Path | None, json: bool) -> None:
    """Published figures, which are aggregates."""
    from assay.cli.show import show_demo, show_result
    from assay.demo import run_demo

    result, attainable = run_demo(keep)
    show_result(result, keep, json)
    if not json:
        show_demo(attainable)


def _kept(study: Path | None, folder: Path, json: bool) -> None:
    """In a folder of the user's, from where it stopped."""
    from assay.cli.following import Following
    from assay.demo.controlled import kept_recipe

    recipe = kept_recipe(folder, study)
    following = Following(folder)
    try:
        result = _run(recipe, folder, following)
    except KeyboardInterrupt:
        asked = (folder / "records.sqlite").is_file()
        raise Stopped(following.stopped() if asked else _stopped(recipe, folder)) from None
    _show(result, folder, json)


def _passing(study: Path | None, json: bool) -> None:
    """In a folder of which only the report stays, for people; for machines nothing."""
    from assay.cli.following import Following
    from assay.demo.controlled import clear, kept_recipe

    folder = Path(tempfile.mkdtemp(prefix="assay-demo-"))
    whole = False
    try:
        result = _run(kept_recipe(folder, study), folder, Following(folder))
        clear(folder)
        whole = not json
    except KeyboardInterrupt:
        raise Stopped(
            "stopped, and nothing was kept; with `--keep DIR` the same command goes on where it stopped"
        ) from None
    finally:
        if not whole:
            shutil.rmtree(folder, ignore_errors=True)
    _show(result, folder, json)
    if not json:
        sys.stdout.write("adapters and records were removed; `--keep DIR` keeps everything\n")


def _run(recipe: Recipe, folder: Path, following: Following) -> Result:
    """Training and audit in one view."""
    from assay.cli.progress import show_progress
    from assay.demo.controlled import run_controlled

    with show_progress() as progress:
        following.progress = progress
        return run_controlled(recipe, folder, following)


def _stopped(recipe: Recipe, folder: Path) -> str:
    """What an interrupted training leaves."""
    from assay.demo.controlled import ADAPTERS

    there = sum((folder / ADAPTERS / one.name / "training.json").is_file() for one in recipe.adapters)
    return (
        f"stopped: {there} of {len(recipe.adapters)} adapters are in {folder / ADAPTERS}; the same command goes on "
        f"from the last checkpoint"
    )


def _show(result: Result, folder: Path, json: bool) -> None:
    """What `assay run` shows, and what seeds and prompts have to do with it."""
    from assay.cli.show import show_result
    from assay.cli.tables import console, text

    show_result(result, None, json)
    if json:
        return
    screen = console()
    for line in variances(result):
        screen.print(text(line))
    screen.print(text(f"report: {folder / 'report.html'}"), soft_wrap=True)


def variances(result: Result) -> Iterator[str]:
    """For each claim of a recipe, how far its mean gain depends on the seeds, and how far on the prompts."""
    for recipe in result.recipes:
        yield (
            f"seeds against prompts: {recipe.recipe}, {recipe.metric}: variance {recipe.var_seed:.4f} between "
            f"{len(recipe.seeds)} seeds, {recipe.var_prompt:.4f} between {recipe.n:,} prompts, {recipe.var_resid:.4f} "
            f"beyond both; standard error of the mean gain {100 * recipe.se_seed:.1f} points by seeds, "
            f"{100 * recipe.se_prompt:.1f} by prompts"
        )
