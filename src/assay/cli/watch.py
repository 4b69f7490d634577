"""`assay watch`: audits new adapters of a folder, and enters them in the registry."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli.app import Json
from assay.cli.registry import RegistryPlace, require_registry

if TYPE_CHECKING:
    from assay.registry.watch import Outcome

__all__ = ["watch"]


def watch(
    folder: Annotated[Path, typer.Argument(help="A folder of adapters.")],
    study: Annotated[
        Path, typer.Option(metavar="TEMPLATE", help="A study file without the adapters that are to come.")
    ],
    once: Annotated[bool, typer.Option("--once", help="Look once, and do not wait for more.")] = False,
    every: Annotated[
        float, typer.Option(metavar="SECONDS", min=1, help="The time between two looks.")
    ] = 60.0,
    out: Annotated[Path, typer.Option(help="The folder for the runs, each in a folder of its own.")] = Path(
        "runs"
    ),
    label: Annotated[
        str | None,
        typer.Option(help="The label of all adapters; by default guessed from names and model cards."),
    ] = None,
    registry: RegistryPlace = None,
    json: Json = False,
) -> None:
    """Audit each new adapter of a folder by a study, and enter its verdicts in the registry; Ctrl-C ends it.

    The same command continues where it was stopped. With --json a JSON object is printed for each adapter, a line each.
    """
    require_registry()
    from assay.cli.interrupt import Stopped
    from assay.cli.progress import show_progress
    from assay.registry.index import Registry, place_of
    from assay.registry.template import Template
    from assay.registry.watch import Watch, WatchSettings

    with Registry.open(place_of(registry), write=True) as opened:
        watcher = Watch(opened, folder, Template.read(study), WatchSettings(out, label))
        printed: dict[str, Outcome] = {}
        try:
            while True:
                with show_progress() as progress:
                    for outcome in watcher.once(progress):
                        _print(outcome, printed, json)
                if once:
                    break
                time.sleep(every)
        except KeyboardInterrupt:
            raise Stopped("stopped; the same command continues") from None
        if not json:
            sys.stdout.write(f"{opened.line().sentence}\n")


def _print(outcome: Outcome, printed: dict[str, Outcome], json: bool) -> None:
    """A line for an adapter, where it is news."""
    import json as encoder

    if printed.get(outcome.adapter) == outcome or (outcome.state == "known" and outcome.adapter in printed):
        return
    printed[outcome.adapter] = outcome
    if json:
        data = {"adapter": outcome.adapter, "state": outcome.state, "reason": outcome.reason or None}
        line = encoder.dumps(data | {"run": str(outcome.run) if outcome.run else None}, ensure_ascii=False)
    else:
        place = f" in {outcome.run}" if outcome.run else ""
        line = f"{outcome.adapter}: {outcome.state}{place}" + (
            f": {outcome.reason}" if outcome.reason else ""
        )
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
