"""`assay import`: another tool's log into a run."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli.app import Json, note, print_json
from assay.errors import AssayError
from assay.text import plain_lines

if TYPE_CHECKING:
    from assay.interop.importers.import_log import Imported

__all__ = ["import_"]

FORMATS = "lm-eval, inspect, every-eval-ever, csv, json, jsonl or parquet"


@dataclass(frozen=True, slots=True)
class Content:
    """What the log holds, where it does not say so itself."""

    name: Annotated[str, typer.Option("--as", help="The name of this base or adapter in the study.")]
    task: Annotated[str, typer.Option(help="The task's name (see `assay tasks`).")]
    model_args: Annotated[
        str | None,
        typer.Option(help='The model, if the log does not name it: "pretrained=BASE,peft=ADAPTER".'),
    ] = None
    base: Annotated[
        str | None,
        typer.Option(help="The name of the adapter's base in the study; by default the only base."),
    ] = None
    label: Annotated[str | None, typer.Option(help="The adapter's label.")] = None
    data: Annotated[
        Path | None,
        typer.Option(
            help="The task's prompt or example file; by default it is read from the hub when the study is run."
        ),
    ] = None
    limit: Annotated[
        int | None,
        typer.Option(min=1, help="The number of examples, if the log has only the first ones of the task."),
    ] = None
    after: Annotated[
        str | None,
        typer.Option(help="Score only the text after the first occurrence of this mark in a response."),
    ] = None


def import_(
    log: Annotated[str, typer.Argument(metavar="LOG", help="The log: a file or a folder.")],
    out: Annotated[Path, typer.Option(metavar="RUN", help="The folder of the run.")],
    content: Content,
    form: Annotated[
        str | None, typer.Option("--format", help=f"The log's format: {FORMATS}.", show_default=False)
    ] = None,
    second: Annotated[str | None, typer.Argument(hidden=True)] = None,
    json: Json = False,
) -> None:
    """Import another tool's log into a run: write its responses, and a study that uses them."""
    from assay.interop.importers.import_log import Import, import_log

    if second is not None:
        if form is not None:
            raise AssayError(f"two logs, {log} and {second}", fix="import one at a time")
        note(f"`assay import {log} {second}` is now `assay import {second} --format {log}`")
        log, form = second, log
    if form is None:
        raise AssayError("missing", place="--format", fix=f"write {FORMATS}")
    imported = import_log(
        Import(
            form,
            Path(log),
            content.name,
            content.task,
            content.model_args,
            content.base,
            content.label,
            content.data,
            content.limit,
            content.after,
        ),
        out,
    )
    if json:
        print_json(asdict(imported))
    else:
        _show(imported, content, out)


def _show(imported: Imported, content: Content, out: Path) -> None:
    """What was imported, and the next command."""
    whose = f"the base {imported.base!r}"
    if imported.adapter:
        whose = f"the adapter {imported.adapter!r} on {imported.base!r}"
    file = out / "imported" / imported.file
    text = f"{imported.responses:,} responses of {whose} to {content.task}, as {content.name!r}: {file}\n"
    if imported.study is None:
        text += "next: import an adapter's log\n"
    else:
        text += (
            f"next: look at labels, claims and margins in {imported.study}, then `assay run {imported.study} "
            f"--out {out}`\n"
        )
    sys.stdout.write(plain_lines(text))
    for warning in imported.notes:
        sys.stderr.write(plain_lines(f"note: {warning}\n"))
