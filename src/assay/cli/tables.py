"""Tables on a terminal that fit 80 columns. They know nothing of what they show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from assay.text import plain

__all__ = ["console", "notes_table", "table", "text"]


def console() -> Console:
    """Of standard output: a terminal keeps its width, piped output has 80 columns."""
    own = Console(highlight=False)
    return own if own.is_terminal else Console(width=80, highlight=False)


def table(
    title: str,
    columns: Sequence[str],
    left: int = 1,
    right: int = 0,
    rows: Iterable[Sequence[str | Text]] = (),
) -> Table:
    """A table whose first `left` and last `right` columns hold words and fold, and whose others hold numbers."""
    made = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for index, column in enumerate(columns):
        if left <= index < len(columns) - right:
            made.add_column(column, justify="right", no_wrap=True)
        else:
            # Beside a few numbers, words at either end must not shrink to a letter a line.
            least = 12 if index in (0, len(columns) - 1) and len(columns) < 8 else None
            made.add_column(column, overflow="fold", min_width=least)
    for row in rows:
        made.add_row(*row)
    return made


def notes_table(rows: Iterable[tuple[Text, Text]]) -> Table:
    """A word or two, and beside it a text whose further lines stay beside it."""
    made = Table.grid(padding=(0, 1))
    made.add_column(no_wrap=True)
    made.add_column(overflow="fold")
    for row in rows:
        made.add_row(*row)
    return made


def text(words: str) -> Text:
    """Foreign text made harmless."""
    return Text(plain(words))
