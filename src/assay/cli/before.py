"""Commands for before a run, and for one adapter alone: init, doctor, plan, check."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.cli.app import Json, app, print_json
from assay.errors import AssayError

if TYPE_CHECKING:
    from assay.audit import Checked

__all__ = ["check", "doctor", "init", "plan"]

Study = Annotated[Path, typer.Argument(metavar="STUDY.yaml", help="The study file.")]


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Folder of adapters, or one adapter.")],
    base: Annotated[str, typer.Option(help="Their base: a folder or a hub id.")],
    label: Annotated[
        str | None, typer.Option(help="Their label. [guessed from names and model cards]")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="File to write. [FOLDER/study.yaml]")] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    json: Json = False,
) -> None:
    """Write a study from a folder of adapters."""
    from dataclasses import asdict

    from assay.cli.drafted import show_draft
    from assay.study.init import draft, write_draft
    from assay.tasks import default_suite

    file = out or folder / "study.yaml"
    drafted = draft(folder, base, default_suite(), label, file)
    write_draft(drafted, file, force)
    if json:
        print_json(
            {
                "study": str(file),
                "adapters": [asdict(adapter) for adapter in drafted.adapters],
                "warnings": drafted.warnings,
            }
        )
    else:
        show_draft(drafted, file)


@app.command()
def doctor(
    online: Annotated[bool, typer.Option("--online", help="Ask the hub whether it answers.")] = False,
    json: Json = False,
) -> None:
    """Say what this machine can run. Always exits with 0."""
    from dataclasses import asdict

    from assay.cli.doctor import show_checks
    from assay.doctor import diagnose

    if json:
        print_json([asdict(check) for check in diagnose(online)])
    else:
        show_checks(diagnose(online))


@app.command()
def plan(
    study: Study,
    trial: Annotated[
        bool, typer.Option("--trial/--no-trial", help="Answer a few prompts, to tell how long a run takes.")
    ] = True,
    discordance: Annotated[
        list[float] | None,
        typer.Option(
            help="A share of prompts on which adapter and base may differ; may be repeated. [0.1 0.2 0.3]"
        ),
    ] = None,
    seed_sd: Annotated[
        float | None, typer.Option(help="Spread of the true gain between seeds of one recipe. [0.03]")
    ] = None,
    pilot: Annotated[
        Path | None,
        typer.Option(metavar="RUN", help="Folder of a small run of the same tasks, to learn both from."),
    ] = None,
    json: Json = False,
) -> None:
    """Say what a study can find out, and what it costs, before anything is spent."""
    from dataclasses import asdict

    from assay.cli.plan import show_plan
    from assay.cli.progress import show_progress
    from assay.planning import Guesses
    from assay.planning import plan as planned
    from assay.study import load_study

    guesses = Guesses(tuple(discordance), seed_sd) if discordance else Guesses(seed_sd=seed_sd)
    with show_progress() as progress:
        found = planned(load_study(study), trial, progress=progress, guesses=guesses, pilot=pilot)
    if json:
        print_json(asdict(found))
    else:
        show_plan(found)


@app.command()
def check(
    adapter: Annotated[str, typer.Argument(help="The adapter: a folder or a hub id.")],
    base: Annotated[str, typer.Option(help="Its base: a folder or a hub id.")],
    label: Annotated[str, typer.Option(help="Its label: instruction or numeric.")],
    out: Annotated[Path | None, typer.Option(help="Folder of the run. [runs/check-<adapter's name>]")] = None,
    revision: Annotated[str | None, typer.Option(help="Of the adapter's hub id.")] = None,
    base_revision: Annotated[str | None, typer.Option(help="Of the base's hub id.")] = None,
    prompts: Annotated[Path | None, typer.Option(help="IFEval's prompts. [from the hub]")] = None,
    examples: Annotated[Path | None, typer.Option(help="GSM8K's examples. [from the hub]")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="So many examples of each task only.")] = None,
    max_tokens: Annotated[int | None, typer.Option(min=1, help="Longest response. [the tasks' own]")] = None,
    dtype: Annotated[str | None, typer.Option(help="Of the weights. [the checkpoint's own]")] = None,
    option: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="The engine's own, as in a study's `engine.options`."),
    ] = None,
    json: Json = False,
) -> None:
    """Test one adapter against its label on IFEval and GSM8K: exit 0 pass, 1 fail, 2 undecided."""
    from assay.audit import check as checked
    from assay.cli.following import follow
    from assay.runs.check import folder_of

    folder = folder_of(adapter, out)
    with follow(folder) as progress:
        found = checked(
            adapter,
            base,
            label,
            folder,
            progress,
            revision=revision,
            base_revision=base_revision,
            prompts=prompts,
            examples=examples,
            limit=limit,
            max_tokens=max_tokens,
            dtype=dtype,
            options=_options(option or []),
        )
    _show_check(found, json)
    raise typer.Exit(found.gate.exit_code)


def _show_check(found: Checked, as_json: bool) -> None:
    from dataclasses import asdict

    from assay.cli.show import show_gate, show_result

    if as_json:
        print_json({"gate": asdict(found.gate), "verdicts": asdict(found.result), "run": str(found.folder)})
        return
    show_result(found.result, found.folder, as_json=False)
    sys.stdout.write("\n")
    show_gate(found.gate)


def _options(given: list[str]) -> dict[str, Any]:
    """`rows=64` as {"rows": 64}: values are read as a study file reads them."""
    from assay.study.strict import parse

    options: dict[str, Any] = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise AssayError(f"--option {text}: write KEY=VALUE, as in --option rows=64")
        if key.strip() in options:
            raise AssayError(f"--option {key.strip()}: given twice; remove one")
        options[key.strip()] = parse(value, None).data if value.strip() else ""
    return options
