"""Strict YAML: text to a Document and back. It knows no study.

Stricter than YAML: no anchors, aliases or tags, one document, no key twice, keys are texts. A word
that some YAML readers take for a text and others for something else (`1:30`, `017`, a date) becomes `Odd`,
which no field accepts. Decimal numbers, `1e-3` included, are numbers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, NoReturn

import yaml
from yaml.reader import Reader
from yaml.resolver import Resolver

from assay import errors
from assay.errors import StudyError
from assay.plan.fields import Odd
from assay.study.document import Document, Place, short, words

__all__ = ["dump", "parse"]

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPEST = 20
_NULL = ("", "~", "null", "Null", "NULL")
_TRUE = tuple(form for word in ("true", "yes", "on") for form in (word, word.title(), word.upper()))
_FALSE = tuple(form for word in ("false", "no", "off") for form in (word, word.title(), word.upper()))
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_NUMBER = re.compile(r"[-+]?(?:(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+)")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_READINGS = {
    "timestamp": "a date",
    "int": "a number in another notation",
    "float": "a number in another notation",
}
_RESOLVER: Any = Resolver()
MOST = 1000
"""Problems after which a file is not read on."""
_SAFE = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*")


def parse(text: str, path: Path | None) -> Document:
    """Parse one strict YAML document. Raises StudyError naming file, line and fix."""
    builder = _Builder(Document(text, path))
    if bad := Reader.NON_PRINTABLE.search(text):
        line = text.count("\n", 0, bad.start()) + 1
        builder.refuse(line, f"the character U+{ord(bad[0]):04X} is not allowed in YAML; remove it")
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.take(event)
    except (yaml.YAMLError, ValueError) as error:
        builder.refuse(*_syntax(error, text.split("\n")))
    if builder.problems:
        raise builder.document.joined(builder.problems)
    document = builder.document
    return Document(text, path, builder.root, document.lines, document.raw)


class _Builder:
    """Builds data from YAML's events, without recursion: call `take` with each in turn."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[StudyError] = []
        self.root: Any = None
        self.documents = 0
        self.open: list[_Open] = []

    def take(self, event: Any) -> None:
        line = event.start_mark.line + 1
        match event:
            case yaml.DocumentStartEvent():
                self.documents += 1
                if self.documents > 1:
                    self.refuse(line, "a second document begins; a study is one: remove the `---`")
            case yaml.AliasEvent():
                name = short(str(event.anchor))
                self.refuse(line, f"the alias `*{name}`; a study has none: write the value out")
            case yaml.ScalarEvent():
                self._plain(event, line)
                self._scalar(event, line)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._plain(event, line)
                self._collection({} if isinstance(event, yaml.MappingStartEvent) else [], line)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self.open.pop()

    def note(self, line: int, text: str) -> None:
        self.problems.append(StudyError(text, place=errors.Place(self.document.at(line))))
        if len(self.problems) >= MOST:
            raise self.document.joined(self.problems)

    def refuse(self, line: int, text: str) -> NoReturn:
        self.note(line, text)
        raise self.document.joined(self.problems) from None

    def _plain(self, event: Any, line: int) -> None:
        if event.anchor:
            self.refuse(line, f"the anchor `&{short(event.anchor)}`; a study has none: write the value out")
        if event.tag:
            self.refuse(line, f"the tag `{short(event.tag)}`; a study has none: remove it")

    def _scalar(self, event: yaml.ScalarEvent, line: int) -> None:
        text = event.value
        bare = event.implicit[0]
        if any("\ud800" <= c <= "\udfff" for c in text):
            self.refuse(line, "a lone surrogate (\\ud800 to \\udfff); write the character whole")
        value = _resolve(text) if bare else text
        if self.open and self.open[-1].wants_key:
            self._key(text, value, line)
            return
        place = self._put(value, line)
        if bare:
            self.document.raw[place] = short(text)

    def _key(self, text: str, value: Any, line: int) -> None:
        into = self.open[-1]
        place = (*into.place, text)
        if not isinstance(value, str):
            self.note(
                line, f'{words(place)}: YAML does not read this key as a text; quote it: "{short(text)}"'
            )
        if text in into.value:
            first = f", first on line {self.document.lines[place]}" if self.document.path else ""
            self.note(line, f"{words(place)}: given twice{first}; remove one")
        self.document.lines[place] = line
        into.key = text

    def _collection(self, value: dict[str, Any] | list[Any], line: int) -> None:
        if len(self.open) == _DEEPEST:
            self.refuse(line, f"nested more than {_DEEPEST} deep; nothing in a study is")
        if self.open and self.open[-1].wants_key:
            self.refuse(line, "a list or mapping where a name belongs, before `:`; quote it if it is a name")
        self.open.append(_Open(value, self._put(value, line)))

    def _put(self, value: Any, line: int) -> Place:
        """Store a value in its place; returns that place."""
        if not self.open:
            self.root = value
            self.document.lines[()] = line
            return ()
        into = self.open[-1]
        if into.key is None:
            place: Place = (*into.place, len(into.value))
            into.value.append(value)
            self.document.lines[place] = line
        else:
            place = (*into.place, into.key)
            into.value[into.key] = value
            into.key = None
        return place


@dataclass(slots=True)
class _Open:
    """A list or mapping that is being filled."""

    value: Any
    place: Place
    key: str | None = None

    @property
    def wants_key(self) -> bool:
        return isinstance(self.value, dict) and self.key is None


def _resolve(text: str) -> Any:
    """The value of a bare word."""
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if _INTEGER.fullmatch(text):
        return int(text) if len(text) < 19 else Odd(text, "a number of too many digits")
    if _NUMBER.fullmatch(text):
        return float(text)
    if _NOT_FINITE.fullmatch(text):
        return float(text.replace(".", ""))
    tag = _RESOLVER.resolve(yaml.ScalarNode, text, (True, False)).rpartition(":")[2]
    return Odd(text, _READINGS[tag]) if tag in _READINGS else text


def _syntax(error: Exception, rows: list[str]) -> tuple[int, str]:
    """The line and the message of a YAML error."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line = min(mark.line + 1, len(rows)) if mark else 1
    row = rows[line - 1]
    if "\t" in row[: len(row) - len(row.lstrip())]:
        return line, "a tab in the indentation; YAML needs spaces"
    parts = [getattr(error, "context", None), getattr(error, "problem", None)]
    cause = short(", ".join(part for part in parts if part) or str(error), 200)
    return line, f"not YAML ({cause}); fix this line or the one above: indentation, quotes, `: `"


def dump(data: Mapping[str, Any]) -> str:
    """Data as YAML that `parse` reads back to the same; ValueError for what YAML cannot hold."""
    try:
        return yaml.dump(data, Dumper=_Dumper, sort_keys=False, width=10**9)
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(" ".join(str(part) for part in error.args)) from None


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    bare = _SAFE.fullmatch(text) and isinstance(_resolve(text), str)
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if bare else '"')


_Dumper.add_representer(str, _text)
_Dumper.add_multi_representer(PurePath, lambda dumper, path: _text(dumper, str(path)))
