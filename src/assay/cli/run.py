"""`assay run`: audit a study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from assay.cli.app import EngineName, EngineOptions, Json, StudyFile, parse_options

__all__ = ["run"]


def run(
    study: StudyFile,
    out: Annotated[
        Path | None,
        typer.Option(help="The folder for records and reports; by default runs/<study's name>."),
    ] = None,
    until: Annotated[
        Literal["full", "decided"] | None,
        typer.Option(
            metavar="full|decided",
            help="When to stop: after the last prompt, or once every claim is settled; by default as the study says.",
        ),
    ] = None,
    engine: EngineName = None,
    option: EngineOptions = None,
    json: Json = False,
) -> None:
    """Audit a study: generate responses, score them, decide on the claims, and write the reports.

    An interrupted run continues when the command is given again.
    """
    from assay import audit
    from assay.cli.interrupt import follow
    from assay.cli.show import show_result
    from assay.study import load_study

    loaded = load_study(study).with_engine(engine, parse_options(option))
    folder = out or Path("runs") / loaded.name
    with follow(folder, json) as progress:
        result = audit.run(loaded, folder, progress, until=until)
    show_result(result, folder, json)
