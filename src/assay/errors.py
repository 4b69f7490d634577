"""Every error that assay raises on purpose.

    AssayError                 something a user can fix
    |-- StudyError             the study file: form, or what it names
    |-- TaskError              a prompt or example file, or what a verifier needs (punkt)
    |-- EngineError            a base or an adapter that cannot be loaded, a request that cannot be answered
    |-- ResponsesError         a file of responses, a log, a summary
    |-- RunError               a run folder: records of another study, a second writer, a newer format
    `-- OutputError            the place to write to

An error carries its parts as data: the place (a file and line, a field, an option), what was found there, and the
fix. Exit codes: 64 for every error here, 70 for anything else that escapes, 130 when interrupted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

__all__ = [
    "AssayError",
    "EngineError",
    "OutputError",
    "Place",
    "ResponsesError",
    "RunError",
    "StudyError",
    "TaskError",
]


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a document something was found."""

    text: str
    """As shown to the user: `studies/mine.yaml:12`."""
    field: tuple[str | int, ...] = ()
    """The path of the field in the document: `("tasks", 0, "prompts")`."""

    @classmethod
    def of(cls, *field: str | int) -> Self:
        """A field by its path alone: `tasks[0].prompts`."""
        parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in field)
        return cls("".join(parts).removeprefix("."), field)

    def __str__(self) -> str:
        return self.text


class AssayError(Exception):
    """Something a user can fix; the command line prints it and exits with 64.

    `str(error)` reads `place: message; fix`, without the parts that are empty. `message` is what was found, `place` the
    file, line, field or option that it is about, `fix` what the user can do.
    """

    def __init__(self, message: str, *, place: Place | Path | str = "", fix: str = "") -> None:
        self.message = message
        """What was found."""
        self.place = place
        """The file, line, field or option that it is about; empty where the message names it."""
        self.fix = fix
        """What the user can do about it."""
        self._parts: tuple[AssayError, ...] = ()
        super().__init__(message)

    @classmethod
    def joined(cls, errors: Iterable[Self]) -> Self:
        """Join several errors into one, a line each; a single error is returned as it is."""
        first, *more = errors
        if not more:
            return first
        whole = cls("\n".join(map(str, (first, *more))))
        whole._parts = (first, *more)
        return whole

    @property
    def parts(self) -> tuple[AssayError, ...]:
        """The single errors of a joined error; for any other error, itself."""
        return self._parts or (self,)

    def __str__(self) -> str:
        place = str(self.place)
        return (f"{place}: " if place else "") + self.message + (f"; {self.fix}" if self.fix else "")

    def at(self, place: Place | Path | str) -> Self:
        """The same error with another place."""
        return type(self)(self.message, place=place, fix=self.fix)


class StudyError(AssayError):
    """The study file is malformed, or names what does not exist."""


class TaskError(AssayError):
    """A task's prompt or example file is unusable, or a verifier lacks what it needs."""


class EngineError(AssayError):
    """A base or an adapter cannot be loaded, or a request cannot be answered."""


class ResponsesError(AssayError):
    """A file of recorded responses, a log, or a summary is unusable."""


class RunError(AssayError):
    """A run folder cannot be used: foreign, locked, damaged, or of a newer format."""


class OutputError(AssayError):
    """The place to write to cannot be written."""
