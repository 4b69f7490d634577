"""`assay doctor`: what this machine can run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from assay.cli.app import Json, print_json
from assay.cli.tables import console, text

if TYPE_CHECKING:
    from assay.doctor import Check

__all__ = ["doctor"]

STYLES = {"ok": "green", "missing": "red", "note": "yellow"}


def doctor(
    online: Annotated[bool, typer.Option("--online", help="Test whether the hub answers.")] = False,
    json: Json = False,
) -> None:
    """Show what this machine can run. The exit code is always 0."""
    from assay.doctor import diagnose

    if json:
        print_json([asdict(check) for check in diagnose(online)])
    else:
        _show(diagnose(online))


def _show(checks: Iterable[Check]) -> None:
    """A line for each check and its fix below it, as they come: the last ones take a second."""
    screen = console()
    for check in checks:
        line = Text.assemble(
            (f"{check.state:8}", STYLES[check.state]), f"{check.name:15} ", text(check.found)
        )
        screen.print(line, soft_wrap=True)
        if check.fix:
            screen.print(Text(" " * 24 + "fix: ") + text(check.fix), soft_wrap=True)
