"""What `assay doctor` prints: a line for each thing that was looked at, and its fix below it."""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text

from assay.cli.tables import console, text
from assay.doctor import Check

__all__ = ["show_checks"]

STYLES = {"ok": "green", "missing": "red", "note": "yellow"}


def show_checks(checks: Iterable[Check]) -> None:
    """Print each as it comes: the last ones take a second."""
    screen = console()
    for check in checks:
        line = Text.assemble(
            (f"{check.state:8}", STYLES[check.state]), f"{check.name:15} ", text(check.found)
        )
        screen.print(line, soft_wrap=True)
        if check.fix:
            screen.print(Text(" " * 24 + "fix: ") + text(check.fix), soft_wrap=True)
