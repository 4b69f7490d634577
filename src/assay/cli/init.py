"""`assay init`: a study from a folder of adapters."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from assay.cli.app import Json, print_json
from assay.cli.tables import console, table, text

if TYPE_CHECKING:
    from assay.study.init import Draft

__all__ = ["init"]


def init(
    folder: Annotated[Path, typer.Argument(help="A folder of adapters, or one adapter.")],
    base: Annotated[str, typer.Option(help="The adapters' base: a folder, a GGUF file or a hub id.")],
    label: Annotated[
        str | None,
        typer.Option(help="The label of all adapters; by default guessed from names and model cards."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The file to write; by default FOLDER/study.yaml.")] = None,
    steps: Annotated[
        bool,
        typer.Option(
            "--steps", help="Also list the checkpoints inside an adapter's folder, as steps of its seed."
        ),
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
    json: Json = False,
) -> None:
    """Write a study from a folder of adapters."""
    from assay.engines.adapter_review import reviewer
    from assay.study.init import draft, write_draft
    from assay.tasks import default_suite

    file = out or folder / "study.yaml"
    drafted = draft(folder, base, default_suite(), label, file, steps, reviewer(base))
    write_draft(drafted, file, force)
    if json:
        adapters = [asdict(adapter) for adapter in drafted.adapters]
        print_json({"study": str(file), "adapters": adapters, "warnings": drafted.warnings})
    else:
        _show(drafted, file)


def _show(drafted: Draft, file: Path) -> None:
    """The adapters in the study, what to look at, and the next command."""
    screen = console()
    columns = ["adapter", "label", "guessed from", "recipe", "seed"]
    stepped = any(adapter.step is not None for adapter in drafted.adapters)
    made = table("Adapters", [*columns, *(["step"] if stepped else [])], left=4)
    for adapter in drafted.adapters:
        numbers = ["-" if number is None else str(number) for number in (adapter.seed, adapter.step)]
        words = (adapter.name, adapter.label, adapter.guess or "-", adapter.recipe or "-")
        made.add_row(*map(text, (*words, *numbers[: 1 + stepped])))
    screen.print(made)
    for warning in drafted.warnings:
        screen.print(Text("warning: ", style="yellow") + text(warning), soft_wrap=True)
    screen.print(text(f"study: {file}"), soft_wrap=True)
    screen.print(text(f"next: look at its labels, then `assay plan {file}`"), soft_wrap=True)
