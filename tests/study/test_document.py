"""Every field has a line, and problems are told in their order."""

from __future__ import annotations

from pathlib import Path

from assay.errors import Place
from assay.study import load_study
from tests.study.studies import VALID, changed, refusal, write


def test_any_field_can_be_located_and_what_is_absent_is_where_it_would_be(folder: Path) -> None:
    study = load_study(write(folder, VALID))
    path = study.path
    assert str(study.locate("adapters", 0, "recipe")) == f"{path}:11"
    assert str(study.locate("claims", "instruction", 1)) == f"{path}:23"
    assert study.locate("tasks", 0, "mode") == Place(f"{path}:18", ("tasks", 0, "mode"))
    assert study.locate("engine").text == f"{path}:1"


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
