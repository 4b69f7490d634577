"""Commands that exchange with other tools: export, import."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from assay.cli.app import Json, RunFolder, app, print_json
from assay.errors import AssayError

if TYPE_CHECKING:
    from assay.interop.exporters.finished import Finished

__all__ = ["export", "import_"]

_T = TypeVar("_T")
TRACKED = ("mlflow", "wandb", "trackio")
FORMATS = ("responses", "parquet", "lm-eval", "every-eval-ever", "card", "eval-results", *TRACKED)


@app.command()
def export(
    folder: RunFolder,
    form: Annotated[str, typer.Option("--format", help=", ".join(FORMATS))] = "responses",
    out: Annotated[
        Path | None,
        typer.Option(help="File to write; a folder for lm-eval and every-eval-ever. [standard output]"),
    ] = None,
    subject: Annotated[
        str | None, typer.Option(help="For card and eval-results: the adapter. [the only one]")
    ] = None,
    dataset: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TASK=ORG/NAME:ID", help="For eval-results: a task's place on the hub; may be repeated."
        ),
    ] = None,
    project: Annotated[
        str | None,
        typer.Option(help="For mlflow, wandb and trackio: experiment or project. [the study's name]"),
    ] = None,
    json: Json = False,
) -> None:
    """Write a run's responses, or its findings, in a form that other tools read."""
    from assay.interop.exporters.responses import export_responses
    from assay.records import Store
    from assay.runs import study_of

    if form not in FORMATS:
        raise AssayError(f"--format {form}: unknown; choose one of {', '.join(FORMATS)}")
    if form == "responses":
        with Store.read(folder) as store:
            count = export_responses(study_of(folder, store), store, out)
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
    from assay.runs import opened
    from assay.verdicts import decide

    with opened(folder) as (study, tasks, store):
        return write(Finished(study, tasks, store, decide(study, tasks, store)))


@app.command("import")
def import_(
    form: Annotated[
        str, typer.Argument(metavar="FORMAT", help="lm-eval, inspect, every-eval-ever, csv or jsonl.")
    ],
    path: Annotated[Path, typer.Argument(help="The log.")],
    into: Annotated[Path, typer.Option(metavar="RUN", help="Folder of the run.")],
    name: Annotated[str, typer.Option("--as", help="What the study calls this base or adapter.")],
    task: Annotated[str, typer.Option(help="Kind of task (see `assay tasks`).")],
    model_args: Annotated[
        str | None, typer.Option(help='Where the log does not say it: "pretrained=BASE,peft=ADAPTER".')
    ] = None,
    base: Annotated[
        str | None, typer.Option(help="An adapter's base, by its name here. [the only one]")
    ] = None,
    label: Annotated[str | None, typer.Option(help="An adapter's label.")] = None,
    data: Annotated[
        Path | None, typer.Option(help="The task's prompt or example file. [from the hub, when it is run]")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="The log answers so many examples only, the first.")
    ] = None,
    after: Annotated[str | None, typer.Option(help="Judge what follows the first such mark.")] = None,
    json: Json = False,
) -> None:
    """Bring another tool's log into a run: recorded responses, and a study that names them."""
    from dataclasses import asdict

    from assay.interop.importers.import_log import Import, import_log
    from assay.text import plain_lines

    done = import_log(Import(form, path, name, task, model_args, base, label, data, limit, after), into)
    if json:
        print_json(asdict(done))
        return
    whose = f"the adapter {done.adapter!r} on {done.base!r}" if done.adapter else f"the base {done.base!r}"
    said = (
        f"{done.responses:,} responses of {whose} to {task}, as {name!r}: {into / 'imported' / done.file}\n"
    )
    if done.study is None:
        said += "next: import an adapter's log\n"
    else:
        said += f"next: see labels, claims and margins in {done.study}, then `assay run {done.study} --out {into}`\n"
    sys.stdout.write(plain_lines(said))
    for note in done.notes:
        sys.stderr.write(plain_lines(f"note: {note}\n"))
