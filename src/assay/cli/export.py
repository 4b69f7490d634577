"""`assay export`: a run's responses or findings in a form that other tools read."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.cli.app import Json, RunFolder, print_json
from assay.errors import AssayError

if TYPE_CHECKING:
    from assay.interop.exporters.export import Export

__all__ = ["export"]

FORMATS = (
    "responses, parquet, lm-eval, every-eval-ever, card, eval-results, evidence, mlflow, wandb or trackio"
)


def export(
    folder: RunFolder,
    form: Annotated[str, typer.Option("--format", help=f"The format: {FORMATS}.")] = "responses",
    out: Annotated[
        Path | None,
        typer.Option(
            help="The file to write, or the folder for lm-eval, every-eval-ever and evidence; by default standard output."
        ),
    ] = None,
    subject: Annotated[
        str | None,
        typer.Option(
            help="The adapter, for card and eval-results, by default the only one; for evidence, by default all."
        ),
    ] = None,
    dataset: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TASK=ORG/NAME:ID",
            help="A task's place on the hub, for eval-results; may be repeated.",
        ),
    ] = None,
    project: Annotated[
        str | None,
        typer.Option(
            help="The project or experiment, for mlflow, wandb and trackio; by default the study's name."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Write a run's responses or findings in a form that other tools read."""
    from assay.interop.exporters.export import export_run

    datasets = _datasets(dataset or ())
    exported = export_run(folder, form, out, subject=subject, datasets=datasets, project=project)
    if not json:
        _show(exported)
    elif exported.out is not None or exported.place:  # otherwise standard output holds the export itself
        print_json(_plain(exported))


def _datasets(given: Sequence[str]) -> dict[str, str]:
    datasets = {}
    for text in given:
        name, mark, value = text.partition("=")
        if not mark or not name or not value or name in datasets:
            raise AssayError(
                "not a place on the hub",
                place=f"--dataset {text}",
                fix="write TASK=ORG/NAME:ID, each task once",
            )
        datasets[name] = value
    return datasets


def _plain(exported: Export) -> dict[str, Any]:
    if exported.place:
        return {"tracker": exported.form, "place": exported.place, "runs": list(exported.runs)}
    plain: dict[str, Any] = {"out": str(exported.out)}
    if exported.responses is not None:
        plain["responses"] = exported.responses
    if exported.files is not None:
        plain |= {"files": [str(path) for path in exported.files]}
        plain |= {} if exported.form == "evidence" else {"left_out": list(exported.left_out)}
    return plain


def _show(exported: Export) -> None:
    if exported.place:
        sys.stdout.write(f"{len(exported.runs)} runs logged to {exported.form}: {exported.place}\n")
    for path in exported.files or ():
        sys.stdout.write(f"{path}\n")
    if exported.left_out:
        sys.stderr.write(
            f"assay: left out, because --format {exported.form} cannot hold them or they have no scores: "
            f"{', '.join(exported.left_out)}\n"
        )
