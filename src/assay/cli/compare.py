"""`assay compare`: which words changed between two runs, and why."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from assay.cli.app import Json, print_json
from assay.cli.tables import console, notes_table, table, text
from assay.errors import AssayError

if TYPE_CHECKING:
    from rich.console import Console

    from assay.comparison import Comparison, Line, Side

__all__ = ["compare"]

COLOURS = {"yes": "green", "enough": "green", "needed": "yellow"}


def compare(
    left: Annotated[Path, typer.Argument(metavar="RUN_A", help="The folder of a complete run.")],
    right: Annotated[Path, typer.Argument(metavar="RUN_B", help="The folder of another one.")],
    adapter: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Compare this adapter only; given twice, the first is RUN_A's and the second RUN_B's.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Show which words changed between two runs, and why: exit 0 if none did, 1 if some did."""
    from assay.comparison import Side
    from assay.comparison import compare as compare_sides
    from assay.comparison.document import document
    from assay.runs.decided import open_decided

    names = [*(adapter or ()), *(adapter or ())] if len(adapter or ()) < 2 else adapter or []
    if len(names) > 2:
        raise AssayError("given more than twice", place="--adapter", fix="name one adapter of each run")
    sides = [
        _with_adapter(Side(open_decided(folder), name))
        for folder, name in zip((left, right), names or ("", ""), strict=True)
    ]
    compared = compare_sides(*sides)
    if json:
        print_json(document(compared))
    else:
        _show(compared)
    raise typer.Exit(1 if compared.changed else 0)


def _with_adapter(side: Side) -> Side:
    """The side. Raises AssayError where its run has no such adapter."""
    known = [subject.name for subject in side.opened.plan.adapters]
    if side.adapter and side.adapter not in known:
        raise AssayError(
            f"this run has no adapter {side.adapter!r}",
            place=side.opened.folder,
            fix=f"choose one of {', '.join(known)}",
        )
    return side


def _show(compared: Comparison) -> None:
    """What changed with its causes, then what else differs, then notes."""
    screen = console()
    screen.print(text(f"left: {compared.left.name}"), soft_wrap=True)
    screen.print(text(f"right: {compared.right.name}"), soft_wrap=True)
    for line in compared.changed:
        _show_line(screen, line)
    total, changed = len(compared.lines), len(compared.changed)
    screen.print(
        text(f"\n{changed} of {total} {'finding has' if changed == 1 else 'findings have'} other words.")
    )
    if differ := [fact for fact in compared.facts if not fact.same]:
        screen.print()
        screen.print(
            table(
                "What differs between the runs",
                ["what", "left", "right"],
                left=3,
                rows=([text(fact.what), text(fact.left), text(fact.right)] for fact in differ),
            )
        )
    _show_notes(screen, (compared.left, compared.right))


def _show_line(screen: Console, line: Line) -> None:
    from assay.comparison import word
    from assay.comparison.words import explains, moved_words, name

    entry = line.left or line.right
    against = f" against {entry.against}" if entry is not None and entry.against else ""
    kind = {"gains": "gains ", "keeps": "keeps "}.get(entry.kind if entry is not None else "", "")
    subject = f"{line.adapter}: " if line.adapter else ""
    words = " -> ".join(word(side) or "no finding" for side in (line.left, line.right))
    screen.print(Text("\n") + text(f"{subject}{kind}{line.metric}{against}: ") + Text(words, style="bold"))
    if line.why:
        screen.print(text(f"why: {line.why}"))
    for cause in line.causes:
        if moved := moved_words(cause):
            screen.print(text(f"{name(cause)}: {moved}"))
    if line.causes:
        rows = [
            [
                text(name(cause)),
                text(cause.left),
                text(cause.right),
                text(cause.alone or "-"),
                Text(explains(cause), style=COLOURS.get(explains(cause), "")),
            ]
            for cause in line.causes
        ]
        screen.print(table("", ["differs", "left", "right", "alone gives", "explains"], left=5, rows=rows))


def _show_notes(screen: Console, sides: Sequence[Side]) -> None:
    rows = [
        (Text(f"{where}:", style="yellow"), text(note))
        for where, side in zip(("left", "right"), sides, strict=True)
        for note in side.opened.notes
    ]
    if rows:
        screen.print(Text("\nBefore you believe it", style="bold"))
        screen.print(notes_table(rows))
