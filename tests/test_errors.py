"""Errors carry their parts as data, and read as one line."""

from __future__ import annotations

from pathlib import Path

import pytest

import assay.errors
from assay.errors import AssayError, Place, StudyError


def test_place_message_and_fix_are_data() -> None:
    error = AssayError("no file", place=Path("study.yaml"), fix="mend the path")
    assert (error.message, error.place, error.fix) == ("no file", Path("study.yaml"), "mend the path")
    assert error.parts == (error,)


@pytest.mark.parametrize(
    ("place", "fix", "text"),
    [
        ("", "", "no file"),
        ("a.yaml:3", "", "a.yaml:3: no file"),
        ("", "write one", "no file; write one"),
        (Place("a.yaml:3", ("tasks", 0)), "write one", "a.yaml:3: no file; write one"),
    ],
)
def test_an_error_reads_place_message_fix(place: Place | str, fix: str, text: str) -> None:
    assert str(AssayError("no file", place=place, fix=fix)) == text


def test_an_error_moves_to_another_place_and_keeps_its_kind() -> None:
    moved = StudyError("no file", place="a", fix="write one").at("b")
    assert (type(moved), str(moved)) == (StudyError, "b: no file; write one")


def test_several_errors_are_one_of_a_line_each() -> None:
    first, second = StudyError("no file", place="a:1"), StudyError("missing", place="a:2", fix="add it")
    whole = StudyError.joined([first, second])
    assert str(whole) == "a:1: no file\na:2: missing; add it"
    assert whole.parts == (first, second)
    assert StudyError.joined([first]) is first


def test_a_place_is_written_as_its_field() -> None:
    assert str(Place.of("tasks", 0, "prompts")) == "tasks[0].prompts"
    assert Place.of("engine", "options", "rows").field == ("engine", "options", "rows")


def test_the_docstring_draws_every_error() -> None:
    drawn = assay.errors.__doc__ or ""
    assert all(name in drawn for name in assay.errors.__all__ if name != "Place")
