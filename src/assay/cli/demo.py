"""`assay demo`: the controlled study on the embedded base, or recorded responses; offline."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli.app import Json
from assay.errors import AssayError

if TYPE_CHECKING:
    from rich.text import Text

    from assay.cli.interrupt import Following
    from assay.demo.published import Attainable
    from assay.training import Recipe
    from assay.verdicts import Result

__all__ = ["demo"]


def demo(
    recipe: Annotated[
        Path | None,
        typer.Option(metavar="RECIPE.yaml", help="Your own recipe file, as for `assay train`."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Keep recipe, adapters and run in this folder; an interrupted demo continues there.",
        ),
    ] = None,
    recorded: Annotated[
        bool,
        typer.Option(
            "--recorded",
            help="Test labels on recorded responses that ship with assay, in seconds and without torch.",
        ),
    ] = False,
    published: Annotated[
        bool, typer.Option("--published", help="Show what published scores alone can tell, without torch.")
    ] = False,
    json: Json = False,
) -> None:
    """Train small adapters on the base that ships with assay, and test their labels: offline, in minutes."""
    from assay.demo.controlled import RECIPE, lacking

    _check_options(recipe, recorded, published)
    own = recipe is not None or (out is not None and (out / RECIPE).exists())
    reason = None if recorded or published or own else lacking()
    if reason:
        sys.stderr.write(
            f"assay: the controlled study cannot run here: {reason}\nRunning `assay demo --recorded` instead.\n"
        )
    if published:
        _published(out, json)
    elif recorded or reason:
        _recorded(out, json)
    elif out is not None:
        _in_folder(recipe, out, json)
    else:
        _in_temporary_folder(recipe, json)


def _check_options(recipe: Path | None, recorded: bool, published: bool) -> None:
    """Raises AssayError where two of them say what to audit."""
    given = {"--recipe": recipe is not None, "--recorded": recorded, "--published": published}
    names = [name for name, is_given in given.items() if is_given]
    if len(names) > 1:
        raise AssayError(f"{' and '.join(names)} are different demos", fix=f"give only {' or '.join(names)}")


def _recorded(folder: Path | None, json: bool) -> None:
    """Recorded responses; without a folder, only the report is kept."""
    from assay.cli.show import show_result
    from assay.demo.recorded import run_recorded

    if folder is not None:
        show_result(run_recorded(folder), folder, json)
        return
    with _report_only(json) as temporary:
        result = run_recorded(temporary)
    show_result(result, temporary, json)
    if not json:
        sys.stdout.write("records were removed; `--out DIR` keeps everything\n")


@contextmanager
def _report_only(json: bool) -> Iterator[Path]:
    """A temporary folder of which only the report is kept; nothing with `--json`, or after an error."""
    from assay.demo.controlled import clear

    folder = Path(tempfile.mkdtemp(prefix="assay-demo-"))
    whole = False
    try:
        yield folder
        clear(folder)
        whole = not json
    finally:
        if not whole:
            shutil.rmtree(folder, ignore_errors=True)


def _published(folder: Path | None, json: bool) -> None:
    """Published figures, which are aggregates."""
    from assay.cli.show import show_result
    from assay.demo import run_demo

    result, attainable = run_demo(folder)
    show_result(result, folder, json)
    if not json:
        _show_attainable(attainable)


def _show_attainable(attainable: Sequence[Attainable]) -> None:
    """Which sizes the published figures can come from, and which verdicts those sizes leave open."""
    from assay.cli.tables import console, table

    screen = console()
    screen.print(
        table(
            "Numbers of prompts n for which both published scores can be k/n",
            ["metric", "half rounds", "possible n", "possible verdicts"],
            left=4,
            rows=map(_attainable, attainable),
        )
    )
    screen.print(
        "An average over several runs need not be a fraction k/n. There is no verdict here: these are aggregate scores, and "
        "a verdict needs the result of each prompt."
    )


def _attainable(entry: Attainable) -> list[str | Text]:
    from assay.cli.tables import text

    sizes = ", ".join(map(str, entry.sizes[:5])) + (", ..." if len(entry.sizes) > 5 else "")
    if entry.whole is not None:
        sizes += f" ({'also' if entry.whole in entry.sizes else 'not'} {entry.whole}, all of IFEval)"
    words = "\n".join(f"n >= {n}: {' or '.join(words)}" for n, words in entry.verdicts)
    rounding = entry.rounding.removeprefix("half_")
    return [text(entry.metric), rounding, sizes, words or "none: a prompt has several instructions"]


def _in_folder(given: Path | None, folder: Path, json: bool) -> None:
    """In a folder of the user's; an interrupted study continues."""
    from assay.cli.interrupt import Following, Stopped
    from assay.demo.controlled import kept_recipe

    recipe = kept_recipe(folder, given)
    following = Following(folder)
    try:
        result = _run(recipe, folder, following)
    except KeyboardInterrupt:
        trained = (folder / "records.sqlite").is_file()
        raise Stopped(following.stopped() if trained else _stopped(recipe, folder)) from None
    _show(result, folder, json)


def _in_temporary_folder(given: Path | None, json: bool) -> None:
    """In a folder of which only the report is kept, or with `--json` nothing."""
    from assay.cli.interrupt import Following, Stopped
    from assay.demo.controlled import kept_recipe

    try:
        with _report_only(json) as folder:
            result = _run(kept_recipe(folder, given), folder, Following(folder))
    except KeyboardInterrupt:
        raise Stopped(
            "stopped, and nothing was kept; with `--out DIR` the same command continues where it stopped"
        ) from None
    _show(result, folder, json)
    if not json:
        sys.stdout.write("adapters and records were removed; `--out DIR` keeps everything\n")


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

    kept = sum((folder / ADAPTERS / each.name / "training.json").is_file() for each in recipe.adapters)
    return (
        f"stopped: {kept} of {len(recipe.adapters)} adapters are in {folder / ADAPTERS}; the same command continues "
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
            f"seeds and prompts: {recipe.recipe}, {recipe.metric}: standard error of the mean gain "
            f"{100 * recipe.se_seed:.1f} points from {len(recipe.seeds)} seeds and {100 * recipe.se_prompt:.1f} from "
            f"{recipe.n:,} prompts (variance {recipe.var_seed:.4f} between seeds, {recipe.var_prompt:.4f} between prompts, "
            f"{recipe.var_resid:.4f} residual)"
        )
