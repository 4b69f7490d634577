"""The recorded example that ships: small, whole, and with a verdict of each kind that a newcomer should see."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from assay.demo.recorded import EXAMPLE, run_recorded
from assay.training import load_recipe
from assay.verdicts import Result


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("recorded")


@pytest.fixture(scope="module")
def result(folder: Path) -> Result:
    return run_recorded(folder)


def test_a_label_holds_another_does_not_and_an_adapter_changes_nothing(result: Result) -> None:
    assert {claim.adapter: claim.verdict.value for claim in result.claims} == {
        "numeric": "confirmed",
        "instruction": "no gain",
        "inert": "not applied",
    }


def test_the_label_that_holds_costs_elsewhere(result: Result) -> None:
    (lists,) = (
        cell for cell in result.cells if (cell.adapter, cell.metric) == ("numeric", "lists.exact_match")
    )
    assert lists.interval is not None
    assert lists.interval[1] < 0


def test_the_reports_of_a_run_are_written(result: Result, folder: Path) -> None:
    assert result.claims
    assert (folder / "report.html").stat().st_size > 10_000
    assert (folder / "verdicts.json").exists()


def test_it_is_small() -> None:
    assert sum(path.stat().st_size for path in EXAMPLE.iterdir()) < 300_000


def test_its_recipe_is_one_that_could_be_run_again() -> None:
    recipe = load_recipe(EXAMPLE / "recipe.yaml")
    assert [adapter.name for adapter in recipe.adapters] == ["instruction-s1", "numeric-s1"]


@pytest.mark.slow
def test_neither_torch_nor_data_of_nltk_is_needed(tmp_path: Path) -> None:
    code = (
        "import sys, nltk\n"
        "nltk.data.path.clear()\n"
        "from assay.demo.recorded import run_recorded\n"
        f"run_recorded({str(tmp_path / 'run')!r})\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "transformers", "peft"} & set(ran.stdout.split())
