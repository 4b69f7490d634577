"""`assay gate`: apply a policy to a run's verdicts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assay.cli.app import Json, RunFolder, print_json

__all__ = ["gate"]


def gate(
    folder: RunFolder,
    policy: Annotated[
        Path | None, typer.Option(help="A policy file; by default the study's `gate` applies.")
    ] = None,
    junit: Annotated[Path | None, typer.Option(help="Write JUnit XML to this file.")] = None,
    json: Json = False,
) -> None:
    """Apply the gate to a run's verdicts: exit 0 pass, 1 fail, 2 undecided."""
    from dataclasses import asdict

    from assay import audit
    from assay.cli.show import show_gate
    from assay.files import write_text
    from assay.report import to_junit
    from assay.study import load_policy

    outcome = audit.gate(folder, load_policy(policy) if policy else None)
    if junit:
        write_text(junit, to_junit(outcome, folder.resolve().name))
    if json:
        print_json(asdict(outcome))
    else:
        show_gate(outcome)
    raise typer.Exit(outcome.exit_code)
