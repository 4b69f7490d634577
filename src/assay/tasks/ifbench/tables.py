"""The three instructions that ask for CSV. Each check returns None when followed, else the reason.

A quote is a plain character in the last two, as in the reference, since these judge how a field is quoted.
"""

from __future__ import annotations

import csv
import io
import re

from assay.tasks.ifbench.registry import fixed, instruction
from assay.tasks.ifeval.matching import amount, numbered

_CITY = ["ID", "Country", "City", "Year", "Count"]


def _header(names: str, between: str) -> re.Pattern[str]:
    return re.compile(between.join(rf'(?:{name}|"{name}")' for name in names.split()))


_PRODUCT = _header("ProductID Category Brand Price Stock", ",[ \t]*")
_STUDENT = _header("StudentID Subject Grade Semester Score", "\t *")
_SPECIAL = re.compile(r"[^\d\w\s]")


@instruction("custom:csv_city")
def csv_city(text: str) -> str | None:
    """The header `ID,Country,City,Year,Count` and 7 rows of five fields."""
    rows = _rows(text, ",")
    if isinstance(rows, str):
        return rows
    if reason := amount(len(rows) - 1, "exactly", 7, "row"):
        return reason
    if rows[0] != _CITY:
        return f"the header is not {','.join(_CITY)}"
    return _fields(rows[1:])


@instruction("custom:csv_special_character")
def csv_special_character(text: str) -> str | None:
    """The header, 14 rows of five fields, one of them in double quotes with a special character in it.

    The reference reads no further than the row with that field.
    """
    rows = _quoted_rows(text, _PRODUCT, ",", 15)
    if isinstance(rows, str):
        return rows
    for place, row in enumerate(rows[1:], 1):
        if reason := _fields([row], place):
            return reason
        if any(map(_is_special, row)):
            return None
    return "no quoted field with a special character"


@fixed("custom:csv_special_character", "the reference reads no further than the first special character")
def csv_special_character_fixed(text: str) -> str | None:
    """Likewise, all of it read."""
    rows = _quoted_rows(text, _PRODUCT, ",", 15)
    return rows if isinstance(rows, str) else _fields(rows[1:]) or csv_special_character(text)


@instruction("custom:csv_quotes")
def csv_quotes(text: str) -> str | None:
    """The header and 3 rows of five fields, with tabs between and each in double quotes."""
    rows = _quoted_rows(text, _STUDENT, "\t", 4)
    if isinstance(rows, str):
        return rows
    for place, row in enumerate(rows):
        if reason := _fields([row], place):
            return reason
        for field in map(str.strip, row):
            # The reference fails with an error on an empty field.
            if not (field.startswith('"') and field.endswith('"')):
                return f'"{field[:40]}" in row {place} is not in double quotes'
    return None


def _rows(text: str, delimiter: str) -> list[list[str]] | str:
    """The rows, or why there are none: the reference fails with an error there."""
    try:
        return list(csv.reader(io.StringIO(text), delimiter=delimiter))
    except csv.Error as bad:
        return f"not CSV: {bad}"


def _quoted_rows(text: str, header: re.Pattern[str], delimiter: str, number: int) -> list[list[str]] | str:
    """The rows, header included, with the quotes of their fields; or what is wrong with them."""
    if not header.fullmatch(text.partition("\n")[0].strip()):
        return "the header is not as asked"
    rows = _rows(text.replace('"', '"""'), delimiter)
    if isinstance(rows, str):
        return rows
    return amount(len(rows) - 1, "exactly", number - 1, "row") or rows


def _fields(rows: list[list[str]], first: int = 1) -> str | None:
    for place, row in enumerate(rows, first):
        if len(row) != 5:
            return f"{numbered(len(row), 'field')} in row {place}, exactly 5 asked"
    return None


def _is_special(field: str) -> bool:
    """Whether a line of it, from its start, is quoted and has a sign in it that is no letter, digit or space."""
    inside, last, _ = field[1:].partition("\n")[0].rpartition('"')
    return field.startswith('"') and bool(last) and _SPECIAL.search(inside) is not None
