"""The recipe file is read strictly; lists of settings stand for several recipes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from assay.training import load_recipe
from tests.training.reading import BASE, names, refusal
from tests.training.recipes import entry, write_recipe


def test_each_seed_is_an_adapter_of_one_recipe(tmp_path: Path) -> None:
    recipe = load_recipe(write_recipe(tmp_path, BASE, entry(seeds=[3, 1])))
    assert [(one.name, one.recipe, one.seed) for one in recipe.adapters] == [
        ("numeric-s3", "numeric", 3),
        ("numeric-s1", "numeric", 1),
    ]


def test_a_list_is_a_recipe_for_each_value(tmp_path: Path) -> None:
    several = {"rank": [8, 32], "alpha": 16, "learning_rate": [2e-4, 1e-3]}
    assert names(write_recipe(tmp_path, BASE, entry(settings=several))) == [
        "numeric-rank8-learning_rate0.0002-s1",
        "numeric-rank8-learning_rate0.001-s1",
        "numeric-rank32-learning_rate0.0002-s1",
        "numeric-rank32-learning_rate0.001-s1",
    ]


def test_modules_that_vary_stand_in_the_name(tmp_path: Path) -> None:
    several = {"target_modules": [["q_proj", "v_proj"], "all-linear"]}
    assert names(write_recipe(tmp_path, BASE, entry(settings=several))) == [
        "numeric-target_modulesq_proj+v_proj-s1",
        "numeric-target_modulesall-linear-s1",
    ]


def test_one_pass_over_the_data_is_the_default(tmp_path: Path) -> None:
    plain = entry()
    del plain["settings"]
    settings = load_recipe(write_recipe(tmp_path, BASE, plain)).adapters[0].settings
    assert (settings.steps, settings.epochs, settings.rank, settings.alpha) == (None, 1, 8, 16)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (entry(), entry()),
        (entry(), entry(seeds=[2])),
        (entry(), entry("Numeric")),
        (entry(settings={"rank": [4, 8]}), entry("numeric-rank8")),
    ],
)
def test_two_entries_that_make_one_recipe_are_refused(
    tmp_path: Path, one: dict[str, Any], other: dict[str, Any]
) -> None:
    message = refusal(write_recipe(tmp_path, BASE, one, other))
    assert "adapters[1].recipe: " in message
    assert " is also made by adapters[0]; adapters of one recipe differ by seed only" in message


@pytest.mark.parametrize("twice", [{"seeds": [1, 1]}, {"settings": {"rank": [4, 4]}}])
def test_one_value_given_twice_is_refused(tmp_path: Path, twice: dict[str, Any]) -> None:
    assert "name one value twice" in refusal(write_recipe(tmp_path, BASE, entry(**twice)))


def test_an_adapter_called_like_the_base_is_refused(tmp_path: Path) -> None:
    message = refusal(write_recipe(tmp_path, "owner/numeric-s1"))
    assert '"numeric-s1" is also the base' in message


def test_a_tasks_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    tasks = [{"task": "numeric", "examples": "example.jsonl"}]
    assert "tasks[0].examples: no file" in refusal(write_recipe(tmp_path, BASE, tasks=tasks))


def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text("- numeric\n")
    assert "a recipe file is a mapping" in refusal(tmp_path / "recipe.yaml")


def test_reading_a_recipe_needs_no_torch(tmp_path: Path) -> None:
    path = write_recipe(tmp_path, BASE)
    code = (
        "import sys; from pathlib import Path; import assay.training as t; "
        "t.load_recipe(Path(sys.argv[1])); print(*sys.modules)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not set(loaded) & {"torch", "transformers", "peft", "datasets"}
