"""Rows of a data file in any of its forms: JSON Lines, a JSON array, CSV or Parquet, plain or compressed by gzip.

Rows are read strictly: an error names file and line (in Parquet, the number of the row), and nothing is skipped. It
knows no task.

    for line, row in read_rows(Path("responses.jsonl"), ResponsesError):
        fields = Fields(row, f"responses.jsonl:{line}", ResponsesError)
        text = fields.text("response")
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from assay.errors import AssayError
from assay.files import decode, read_bytes

__all__ = ["Fields", "read_csv", "read_rows"]

Rows = Iterator[tuple[int, dict[str, Any]]]
PARQUET = b"PAR1"
"""The first bytes of a Parquet file."""
CUT_OFF = "the file may be cut off"
LONGEST = 16 * 2**20
"""Characters of one CSV field; the csv module stops at 131,072."""
_QUOTED = re.compile(r'(?<![^,;\t])"[^"]*(?:""[^"]*)*"?')
"""A quoted field of a first CSV line, whatever the delimiter is; a quote inside a bare field is a character."""
_SPACE = re.compile(r"\s*")


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of one row, read by type; each method raises `error`, which names `place` and the field."""

    values: Mapping[str, Any]
    place: str
    error: type[AssayError]

    def text(self, name: str) -> str:
        """A text that is not empty."""
        value = self.values.get(name)
        if not isinstance(value, str) or not value:
            raise self.wrong(name, "text")
        return value

    def optional(self, name: str) -> str | None:
        """A text, or None where it is null or missing."""
        value = self.values.get(name)
        if not isinstance(value, str | None):
            raise self.wrong(name, "text or null")
        return value

    def key(self, name: str) -> str | None:
        """A text, or a whole number as text; None where it is null or missing."""
        value = _whole(self.values.get(name))
        if isinstance(value, bool) or not isinstance(value, str | int | None):
            raise self.wrong(name, "text or an integer")
        return None if value is None else str(value)

    def count(self, name: str) -> int:
        """0, 1, ..., also as text; 0 where it is null or missing."""
        value = _whole(self.values.get(name, 0))
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 7:
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int | None) or (value or 0) < 0:
            raise self.error(f"`{name}` must be 0, 1, ..., found {repr(value)[:20]}", place=self.place)
        return value or 0

    def object(self, name: str) -> Fields:
        """The fields of an object inside."""
        value = self.values.get(name)
        if not isinstance(value, dict):
            raise self.wrong(name, "an object")
        return Fields(value, self.place, self.error)

    def wrong(self, name: str, expected: str) -> AssayError:
        """The error of a field that is not what is expected."""
        kind = type(self.values[name]).__name__ if name in self.values else "nothing"
        return self.error(f"`{name}` must be {expected}, found {kind}", place=self.place)


def _whole(value: Any) -> Any:
    """A whole number where a data frame made it a float, as it does in columns with missing values."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def read_rows(path: Path, error: type[AssayError], *, allow_nan: bool = False) -> Rows:
    """Yield (line number from 1, object) for each row of `path`; of Parquet, the number of the row.

    CSV is known by its name (.csv, .tsv, also with .gz), every other form by its content. Raises `error`, naming file and line,
    on text that is not in an encoding of Unicode, on what is not one object (a truncated last line among them), on a key that
    an object has twice, on NaN or infinity unless `allow_nan`, and on a lone surrogate, which no encoding can store.
    """
    content = read_bytes(path, error)
    if content.startswith(PARQUET):
        return _parquet(content, path, error)
    text = decode(content, path, error)
    if {".csv", ".tsv"} & set(path.suffixes[-2:]):
        return _csv(text, path, error)
    if text.lstrip().startswith("["):
        return _array(text, path, _Decoder(path, error, allow_nan))
    return _lines(text, _Decoder(path, error, allow_nan))


def read_csv(path: Path, error: type[AssayError]) -> Rows:
    """Rows of a CSV file, whatever its name; the first line names the columns, empty fields are None."""
    return _csv(decode(read_bytes(path, error), path, error), path, error)


@dataclass(frozen=True, slots=True)
class _Decoder:
    """Reads one JSON object, and says what is wrong with it."""

    path: Path
    error: type[AssayError]
    allow_nan: bool

    def json(self) -> json.JSONDecoder:
        def refuse(constant: str) -> NoReturn:
            raise ValueError(f"{constant} is not a JSON number")

        def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
            fields = dict(pairs)
            if len(fields) < len(pairs):
                raise ValueError("one key occurs twice")
            return fields

        return json.JSONDecoder(parse_constant=None if self.allow_nan else refuse, object_pairs_hook=once)

    def checked(self, row: Any, text: str, line: int) -> dict[str, Any]:
        """The row, if it is an object that can be stored."""
        if not isinstance(row, dict):
            raise self.error(
                f"a JSON object is expected, found {type(row).__name__}",
                place=f"{self.path}:{line}",
                fix="write one object for each row",
            )
        try:
            text.encode()
            if "\\ud" in text or "\\uD" in text:
                json.dumps(row, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise self.error(
                "a lone surrogate (\\ud800 to \\udfff) in the text",
                place=f"{self.path}:{line}",
                fix="write the character whole or replace it by \\ufffd",
            ) from None
        return row

    def refusal(self, bad: Exception, line: int) -> AssayError:
        """The error for what is not JSON."""
        if isinstance(bad, json.JSONDecodeError):
            problem, fix = f"{bad.msg}, column {bad.colno}", f"{CUT_OFF}: whole objects are expected"
        else:
            problem, fix = str(bad), "fix this line"
        return self.error(f"not a JSON object ({problem})", place=f"{self.path}:{line}", fix=fix)


def _lines(text: str, decoder: _Decoder) -> Rows:
    parse = decoder.json().decode
    # Not splitlines(): U+2028 and friends may occur inside a JSON string.
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = parse(line)
        except (ValueError, RecursionError) as bad:
            raise decoder.refusal(bad, number) from None
        yield number, decoder.checked(row, line, number)


def _array(text: str, path: Path, decoder: _Decoder) -> Rows:
    """Rows of one array, each with the line that it begins on."""
    parse = decoder.json().raw_decode
    start = _past_space(text, 0)
    line, mark, first = 1 + text.count("\n", 0, start), "[", True
    while mark != "]":
        at = _past_space(text, start + 1)
        line += text.count("\n", start, at)
        if first and text[at : at + 1] == "]":
            start = at
            break
        first = False
        try:
            row, end = parse(text, at)
        except (ValueError, RecursionError) as bad:
            raise decoder.refusal(bad, line) from None
        yield line, decoder.checked(row, text[at:end], line)
        start = _past_space(text, end)
        line += text.count("\n", at, start)
        mark = text[start : start + 1]
        if mark not in (",", "]"):
            raise decoder.error("`,` or `]` is expected after an object", place=f"{path}:{line}", fix=CUT_OFF)
    if _past_space(text, start + 1) < len(text):
        raise decoder.error("more text follows the array", place=f"{path}:{line}", fix="remove it")


def _past_space(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return space.end() if space else at


def _header(text: str) -> str:
    """The first line of CSV without what is quoted there, line breaks too."""
    pieces, start = [], 0
    for quoted in _QUOTED.finditer(text):
        pieces.append(text[start : quoted.start()])
        if "\n" in pieces[-1]:
            break
        start = quoted.end()
    else:
        pieces.append(text[start:])
    return "".join(pieces).partition("\n")[0]


def _csv(text: str, path: Path, error: type[AssayError]) -> Rows:
    delimiter = max(",;\t", key=_header(text).count)
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True, delimiter=delimiter)
    before = csv.field_size_limit(LONGEST)
    try:  # read at once: the limit that is raised meanwhile is the whole process's
        columns = [column.strip() for column in reader.fieldnames or ()]
        reader.fieldnames = columns
        if repeated := [name for name, count in Counter(columns).items() if count > 1 and name]:
            raise error(f"column {repeated[0]!r} occurs twice", place=f"{path}:1", fix="keep one")
        rows = [(reader.line_num, row) for row in reader]
    except csv.Error as bad:
        raise error(f"not CSV: {bad}", place=f"{path}:{max(reader.line_num, 1)}", fix=CUT_OFF) from None
    finally:
        csv.field_size_limit(before)
    for line, row in rows:
        if None in row or None in row.values():
            raise error(
                "another number of fields than in the first line", place=f"{path}:{line}", fix=CUT_OFF
            )
        yield line, {name: value or None for name, value in row.items()}


def _parquet(content: bytes, path: Path, error: type[AssayError]) -> Rows:
    try:
        parquet: Any = import_module("pyarrow.parquet")
    except ImportError:
        raise error(
            "is a Parquet file, and pyarrow is not installed", place=path, fix="`pip install pyarrow`"
        ) from None
    number = 0
    try:
        for batch in parquet.ParquetFile(io.BytesIO(content)).iter_batches():
            for row in batch.to_pylist():
                number += 1
                yield number, row
    except (OSError, ValueError) as bad:  # pyarrow's errors are among them
        raise error(
            f"not a whole Parquet file ({' '.join(str(bad).split())[:120]})", place=path, fix=CUT_OFF
        ) from None
