"""What `assay init` prints: the adapters that stand in the study, what to look at, and what comes next."""

from __future__ import annotations

from pathlib import Path

from rich.text import Text

from assay.cli.tables import console, table, text
from assay.study.init import Draft

__all__ = ["show_draft"]


def show_draft(drafted: Draft, file: Path) -> None:
    """Print what was written."""
    screen = console()
    made = table("Adapters", ["adapter", "label", "guessed from", "recipe", "seed"], left=4)
    for adapter in drafted.adapters:
        seed = "-" if adapter.seed is None else str(adapter.seed)
        words = (adapter.name, adapter.label, adapter.guess or "-", adapter.recipe or "-", seed)
        made.add_row(*map(text, words))
    screen.print(made)
    for warning in drafted.warnings:
        screen.print(Text("warning: ", style="yellow") + text(warning), soft_wrap=True)
    screen.print(text(f"study: {file}"), soft_wrap=True)
    screen.print(text(f"next: look at its labels, then `assay plan {file}`"), soft_wrap=True)
