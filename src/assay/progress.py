"""The function that long work calls to report its progress. It knows no terminal: the command line draws it."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Progress", "silent"]


class Progress(Protocol):
    """Reports how far some work is."""

    def __call__(self, what: str, done: int, total: int, note: str = "", part: str = "") -> None:
        """`done` of `total` of `what`; `note` is printed beside it (`412 tokens/s`).

        `part` names a part of the work (one subject on one task), to which `done` and `total` then refer;
        empty for the whole.
        """


def silent(what: str, done: int, total: int, note: str = "", part: str = "") -> None:
    """Show nothing."""
