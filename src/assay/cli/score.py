"""`assay score`: score one file of recorded responses."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from assay.cli.app import Json, print_json

__all__ = ["score"]


@dataclass(frozen=True, slots=True)
class Examples:
    """Where a task's examples come from."""

    prompts: Annotated[Path | None, typer.Option(help="The task's prompt file.")] = None
    examples: Annotated[Path | None, typer.Option(help="The task's example file.")] = None
    limit: Annotated[
        int | None, typer.Option(min=1, help="The number of examples, for a task that draws its own.")
    ] = None
    seed: Annotated[
        int | None,
        typer.Option(help="The seed of the draw, for a task that draws its own examples; by default 0."),
    ] = None

    @property
    def draw(self) -> tuple[int | None, int] | None:
        """Number and seed of examples that the task draws."""
        return None if self.limit is None and self.seed is None else (self.limit, self.seed or 0)


def score(
    task: Annotated[str, typer.Argument(help="A task's name (see `assay tasks`), or its own file.")],
    responses: Annotated[
        Path, typer.Argument(help="A file of rows with `response`, and `key` or the exact `prompt`.")
    ],
    source: Examples,
    mode: Annotated[str | None, typer.Option(help="How to verify responses: reference or fixed.")] = None,
    after: Annotated[
        str | None,
        typer.Option(help="Score only the text after the first occurrence of this mark in a response."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the scores to this file, one line per response.")
    ] = None,
    json: Json = False,
) -> None:
    """Score recorded responses, without a study."""
    from assay.cli.progress import show_progress
    from assay.cli.tables import console, table
    from assay.scoring.file import score_file

    data = {"prompts": source.prompts, "examples": source.examples}
    with show_progress() as progress:
        totals = score_file(
            task, responses, data, mode=mode, after=after, draw=source.draw, out=out, progress=progress
        )
    if json:
        print_json(totals)
    else:
        rows = (
            (name, f"{value:,}" if isinstance(value, int) else f"{value:.4f}")
            for name, value in totals.items()
        )
        console().print(table(task, ["metric", "value"], rows=rows))
