"""Tables for notebooks: what a `Result` and a `Run` show of themselves. It knows no result.

table("Verdicts", ["adapter", "gain"], [["helper", points(0.03)]])
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from assay.stats import Verdict
from assay.text import plain

__all__ = ["coloured", "ends", "points", "table", "text"]

COLOURS = {"good": "#2a8a4a", "bad": "#cf4a3a", "open": "#a87b00"}
"""Readable on light and dark pages; the word and its sign say the same."""


def text(value: object) -> str:
    """Foreign text made harmless, as HTML."""
    return escape(plain(str(value)))


def points(value: float | None) -> str:
    """A gain in points: `+3.0`, or a dash."""
    return "-" if value is None else f"{100 * value:+.1f}"


def ends(interval: tuple[float, float] | None) -> str:
    """An interval in points, with two digits, so that it is seen on which side of 0 and of the margin an end lies."""
    return "-" if interval is None else f"[{100 * interval[0]:+.2f}, {100 * interval[1]:+.2f}]"


def coloured(word: Verdict, words: str) -> str:
    """A verdict with its sign, in the colour of its tone."""
    return f'<b style="color: {COLOURS[word.tone]}">{word.glyph} {text(words)}</b>'


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are HTML already."""
    head = "".join(f"<th>{text(column)}</th>" for column in columns)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return (
        f"<table><caption>{text(title)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )
