"""`assay export`: a run's responses or findings in a form that other tools read."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from assay.cli.app import Json, RunFolder, print_json
from assay.errors import AssayError

if TYPE_CHECKING:
    from assay.interop.exporters.finished import Finished

__all__ = ["export"]

_T = TypeVar("_T")
TRACKED = ("mlflow", "wandb", "trackio")
FORMATS = ("responses", "parquet", "lm-eval", "every-eval-ever", "card", "eval-results", *TRACKED)


def export(
    folder: RunFolder,
    form: Annotated[str, typer.Option("--format", help=f"The format: {', '.join(FORMATS)}.")] = "responses",
    out: Annotated[
        Path | None,
        typer.Option(
            help="The file to write, or the folder for lm-eval and every-eval-ever; by default standard output."
        ),
    ] = None,
    subject: Annotated[
        str | None, typer.Option(help="The adapter, for card and eval-results; by default the only one.")
    ] = None,
    dataset: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TASK=ORG/NAME:ID", help="A task's place on the hub, for eval-results; may be repeated."
        ),
    ] = None,
    project: Annotated[
        str | None,
        typer.Option(
            help="The experiment or project, for mlflow, wandb and trackio; by default the study's name."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Write a run's responses or findings in a form that other tools read."""
    from assay.interop.exporters.responses import export_responses
    from assay.runs import Run

    if form not in FORMATS:
        raise AssayError(f"--format {form}: unknown; choose one of {', '.join(FORMATS)}")
    if form == "responses":
        with Run.open(folder) as run:
            run.check_generated()
            count = export_responses(run.plan, run.records, out)
        if json and out is not None:  # standard output holds JSON Lines else
            print_json({"out": str(out), "responses": count})
    elif form in TRACKED:
        _tracked(folder, form, out, project, json)
    elif form in ("card", "eval-results"):
        _text(folder, form, out, subject, _pairs(dataset or ()), json)
    else:
        _files(folder, form, out, json)


def _pairs(given: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for text in given:
        name, mark, value = text.partition("=")
        if not mark or not name or not value or name in pairs:
            raise AssayError(f"--dataset {text}: write TASK=ORG/NAME:ID, each task once")
        pairs[name] = value
    return pairs


def _text(
    folder: Path, form: str, out: Path | None, subject: str | None, datasets: dict[str, str], json: bool
) -> None:
    from assay.files import write_text
    from assay.interop.exporters.card import to_card
    from assay.interop.exporters.eval_results import to_eval_results

    def written(run: Finished) -> str:
        return to_card(run, subject) if form == "card" else to_eval_results(run, datasets, subject)

    text = _of(folder, written)
    if out is None:
        sys.stdout.write(text)
        return
    write_text(out, text)
    if json:
        print_json({"out": str(out)})


def _files(folder: Path, form: str, out: Path | None, json: bool) -> None:
    from assay.interop.exporters.every_eval_ever import export_every_eval_ever
    from assay.interop.exporters.lm_eval import export_samples
    from assay.interop.exporters.parquet import export_parquet

    if out is None:
        what = "FILE" if form == "parquet" else "FOLDER"
        raise AssayError(f"--format {form} is not for standard output; give --out {what}")
    if form == "parquet":
        count = _of(folder, lambda run: export_parquet(run, out))
        if json:
            print_json({"out": str(out), "responses": count})
        return
    write = export_samples if form == "lm-eval" else export_every_eval_ever
    done = _of(folder, lambda run: write(run, out))
    if json:
        told = {"out": str(out), "files": [str(path) for path in done.files], "responses": done.responses}
        print_json(told | {"left_out": list(done.left_out)})
        return
    for path in done.files:
        sys.stdout.write(f"{path}\n")
    if done.left_out:
        sys.stderr.write(
            f"assay: left out, for --format {form} cannot hold them or they have no scores: {', '.join(done.left_out)}\n"
        )


def _tracked(folder: Path, form: str, out: Path | None, project: str | None, json: bool) -> None:
    from assay.interop.exporters.trackers import log_run

    if out is not None:
        raise AssayError(f"--format {form} writes where {form}'s own variables say; leave --out away")
    place, names = _of(folder, lambda run: log_run(run, folder, form, project))
    if json:
        print_json({"tracker": form, "place": place, "runs": names})
        return
    sys.stdout.write(f"{len(names)} runs logged to {form}: {place}\n")


def _of(folder: Path, write: Callable[[Finished], _T]) -> _T:
    from assay.interop.exporters.finished import Finished
    from assay.runs import Run

    with Run.open(folder) as run:
        run.check_analyzed()
        return write(Finished(run, run.analyze()))
