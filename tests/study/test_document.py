"""Every field has a line, and problems are told in their order."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.errors import Place, StudyError
from assay.study import load_study
from tests.study.studies import VALID, changed, refusal, write


def test_any_field_can_be_located_and_what_is_absent_is_where_it_would_be(folder: Path) -> None:
    study = load_study(write(folder, VALID))
    path = study.path
    assert str(study.locate("adapters", 0, "recipe")) == f"{path}:11"
    assert str(study.locate("claims", "instruction", 1)) == f"{path}:23"
    assert study.locate("tasks", 0, "mode") == Place(f"{path}:18", ("tasks", 0, "mode"))
    assert study.locate("engine").text == f"{path}:1"


def test_another_engine_leaves_the_lines_of_the_file_and_names_what_the_command_line_gave(
    folder: Path,
) -> None:
    file = write(
        folder, VALID + "# a comment\n\nengine:\n  name: openai\n  options:\n    retries: 3\n    rows: 2\n"
    )
    study = load_study(file)
    made = study.with_engine(None, {"retries": 9, "dtype": "float32"}).stopping("decided")
    assert made.locate("adapters", 0, "recipe") == study.locate("adapters", 0, "recipe")
    assert made.locate("engine", "options", "rows") == study.locate("engine", "options", "rows")
    assert made.locate("engine", "options", "timeout") == study.locate("engine", "options", "timeout")
    assert str(made.locate("engine", "name")) == f"{file}:{VALID.count(chr(10)) + 4}"
    assert str(made.named("engine", "options", "rows")).endswith(": engine.options.rows")
    assert made.named("engine", "options", "retries") == Place(
        "--option retries", ("engine", "options", "retries")
    )
    assert str(made.named("engine", "dtype")) == "--option dtype"
    other = study.with_engine("torch", {})
    assert str(other.named("engine", "name")) == "--engine"
    assert str(other.named("engine", "options", "rows")) == "--engine: engine.options.rows"
    assert (
        load_study(write(folder, made.text, "copy.yaml"), check_files=False).model_dump() == made.model_dump()
    )


def test_an_option_that_a_study_cannot_hold_is_refused_by_its_name(folder: Path) -> None:
    study = load_study(write(folder, VALID))
    with pytest.raises(StudyError, match=r"^--option dtype: "):
        study.with_engine("torch", {"dtype": 5})


def test_every_problem_of_a_file_is_told_in_its_order(folder: Path) -> None:
    text = (
        changed("label: instruction", "label: no")
        .replace("limit: 100", "limit: 0")
        .replace("margin: 0.05", "margin: 2")
    )
    lines = refusal(folder, text).split("\n")
    assert [line.split(":")[1] for line in lines] == ["10", "18", "24"]


def test_of_a_hundred_problems_the_first_twenty_are_told(folder: Path) -> None:
    lines = refusal(folder, VALID + "".join(f"x{i}: 1\n" for i in range(100))).split("\n")
    assert len(lines) == 21
    assert lines[-1] == "study.yaml: and 80 more"
