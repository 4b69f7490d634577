"""`assay plan`: what a study can show, and what it costs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from assay.cli.app import EngineName, EngineOptions, Json, StudyFile, parse_options, print_json

__all__ = ["plan"]


@dataclass(frozen=True, slots=True)
class Assumed:
    """What the figures assume."""

    discordance: Annotated[
        list[float] | None,
        typer.Option(
            help="The assumed share of prompts on which adapter and base differ; may be repeated. By default 0.1, 0.2 and 0.3."
        ),
    ] = None
    seed_sd: Annotated[
        float | None,
        typer.Option(
            help="The assumed standard deviation of the true gain between seeds of one recipe; by default 0.03."
        ),
    ] = None
    pilot: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN", help="The folder of a small run of the same tasks, from which both are estimated."
        ),
    ] = None


def plan(
    study: StudyFile,
    assumed: Assumed,
    trial: Annotated[
        bool,
        typer.Option("--trial", help="Load the base and generate a few responses, to estimate the run time."),
    ] = False,
    engine: EngineName = None,
    option: EngineOptions = None,
    json: Json = False,
) -> None:
    """Compute which gains a study can show, and what it costs. Nothing is generated unless `--trial` is given."""
    from assay.audit import plan as plan_study
    from assay.cli.forecast import show_forecast
    from assay.cli.progress import show_progress
    from assay.planning import Guesses
    from assay.study import load_study

    seed_sd, given = assumed.seed_sd, assumed.discordance
    guesses = Guesses(tuple(given), seed_sd) if given else Guesses(seed_sd=seed_sd)
    loaded = load_study(study).with_engine(engine, parse_options(option))
    with show_progress() as progress:
        planned = plan_study(loaded, trial, progress=progress, guesses=guesses, pilot=assumed.pilot)
    if json:
        print_json(asdict(planned))
    else:
        show_forecast(planned)
