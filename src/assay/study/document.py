"""A study file's data with the line of every entry, and how its problems are reported. It knows no field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from assay import errors
from assay.errors import StudyError
from assay.plan.fields import Odd

__all__ = ["Document", "Place", "Problem", "short", "words"]

Place = tuple[str | int, ...]
"""Where in the data: `("adapters", 3, "recipe")`."""

_SHOWN = 20


class Problem(NamedTuple):
    """One thing wrong with a study."""

    place: Place
    """Its place; a missing field has the place where it belongs."""
    text: str
    """What was found, and the fix where `fix` is empty."""
    fix: str = ""
    """What to write instead."""


@dataclass(frozen=True, slots=True)
class Document:
    """The content of a study file."""

    text: str
    """Verbatim."""
    path: Path | None
    """None where the study did not come from a file: messages then name no line."""
    data: Any = None
    """Plain: dict, list, str, int, float, bool, None, Odd."""
    lines: dict[Place, int] = field(default_factory=dict)
    """Line, from 1, of each key and item."""
    raw: dict[Place, str] = field(default_factory=dict)
    """Bare words as written, before YAML made something of them."""
    given: Mapping[Place, str] = field(default_factory=dict)
    """Places that the command line filled instead of the file, with its option: `--option rows`."""

    def locate(self, *place: str | int) -> errors.Place:
        """`study.yaml:12`: the line of `place`, or else of its nearest parent; or the option that gave it."""
        for end in range(len(place), 0, -1):
            if place[:end] in self.given:
                return errors.Place(self.given[place[:end]], place)
        return errors.Place(self.at(self.lines.get(self.held(place), 1)), place)

    def named(self, *place: str | int) -> errors.Place:
        """`study.yaml:12: engine.dtype`; where an option gave just that, the option alone."""
        where, name = self.locate(*place), words(place)
        return where if not name or place in self.given else replace(where, text=f"{where}: {name}")

    def at(self, line: int) -> str:
        """`study.yaml:12`."""
        return f"{self.path}:{line}" if self.path else "study"

    def held(self, place: Place) -> Place:
        """The longest beginning of `place` that exists."""
        while place and place not in self.lines:
            place = place[:-1]
        return place

    def refuse(self, problems: list[Problem]) -> NoReturn:
        """Raise one StudyError with a line for each problem, in the order of the file."""
        problems = sorted(problems, key=lambda problem: self.lines.get(self.held(problem.place), 1))
        distinct = list(dict.fromkeys(problems))
        raise self.joined([self._error(problem) for problem in distinct])

    def joined(self, problems: list[StudyError]) -> StudyError:
        """One error of these, of the first ones where they are many."""
        rest = len(problems) - _SHOWN
        more = [StudyError(f"and {rest} more", place=self.path or "study")] if rest > 0 else []
        return StudyError.joined([*problems[:_SHOWN], *more])

    def _error(self, problem: Problem) -> StudyError:
        return StudyError(problem.text, place=self.named(*problem.place), fix=problem.fix)

    def changed(self, to: Document, part: str, given: Mapping[Place, str]) -> Document:
        """The document `to`, which differs in one part, with the lines that this one's file has."""
        lines = {place: self.lines[self.held(place)] for place in to.lines}
        raw = {
            place: self.raw.get(place, word) if place[:1] != (part,) else word
            for place, word in to.raw.items()
        }
        return replace(to, lines=lines, raw=raw, given={**self.given, **given})

    def value(self, place: Place) -> Any:
        """The value at `place`."""
        value = self.data
        for part in place:
            value = value[part]
        return value

    def found(self, place: Place) -> str:
        """The value at `place`, for a message: `the number 1.0`."""
        value = self.value(place)
        raw = self.raw.get(place, short(str(value)))
        match value:
            case None:
                return "nothing"
            case bool():
                return f"`{raw}`, which YAML reads as {'true' if value else 'false'}"
            case int() | float():
                return f"the number {raw}"
            case Odd():
                return f"`{raw}`, which YAML reads as {value.reading}"
            case str():
                return f'the text "{short(value)}"'
            case list():
                return "a list"
            case _:
                return "a mapping"


def words(place: Place) -> str:
    """A place as a user writes it: `adapters[3].recipe`."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{short(part)}" for part in place)
    return "".join(parts).removeprefix(".")


def short(text: str, most: int = 80) -> str:
    """A text fit for a message: one line, printable, cut."""
    shown = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text[:most])
    return shown + ("..." if len(text) > most else "")
