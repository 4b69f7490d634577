"""The command line's application, and what its commands share. It knows no command."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = ["Json", "RunFolder", "Stopped", "app", "print_json"]

app = typer.Typer(
    help="Test LoRA adapters against their labels.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")]


class Stopped(Exception):  # noqa: N818 - not a fault
    """The user interrupted a run; the message says what of it is kept."""


def print_json(value: Any) -> None:
    """Print data as JSON, whole."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
