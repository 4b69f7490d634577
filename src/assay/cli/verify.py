"""`assay verify`: whether a verdict's evidence is what it rests on."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from assay.cli.app import Json, print_json

__all__ = ["verify"]


def verify(
    evidence: Annotated[
        Path, typer.Argument(metavar="EVIDENCE", help="A file that `assay export --format evidence` wrote.")
    ],
    run: Annotated[Path | None, typer.Option(metavar="RUN", help="The folder of its run.")] = None,
    adapter: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="The adapter's folder: its weights and configuration."),
    ] = None,
    json: Json = False,
) -> None:
    """Check a verdict's evidence, offline: exit 0 if nothing was altered, 1 if something was.

    The file is checked against itself, against its run if one is given, and against the adapter's files if a folder is given.
    """
    from dataclasses import asdict

    from assay.evidence import verify as check

    differences = check(evidence, run, adapter)
    if json:
        checked = [name for name, given in (("run", run), ("adapter", adapter)) if given is not None]
        listed = [asdict(difference) for difference in differences]
        print_json({"verified": not differences, "checked": ["file", *checked], "differences": listed})
    elif not differences:
        against = [text for text, given in (("its run", run), ("the adapter's files", adapter)) if given]
        sys.stdout.write(f"{evidence}: nothing was altered (checked: {', '.join(['the file', *against])})\n")
    for difference in () if json else differences:
        sys.stdout.write(f"{evidence}: {difference.part}: {difference.message}\n")
    raise typer.Exit(1 if differences else 0)
