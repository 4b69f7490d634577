"""The recipe file is read strictly; lists of settings stand for several recipes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from assay.errors import StudyError
from assay.training import load_recipe
from tests.training.recipes import entry, write_recipe

BASE = "owner/base"


def refusal(path: Path) -> str:
    with pytest.raises(StudyError) as told:
        load_recipe(path)
    return str(told.value)


def names(path: Path) -> list[str]:
    return [adapter.name for adapter in load_recipe(path).adapters]


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


def test_a_list_of_one_value_is_that_value(tmp_path: Path) -> None:
    assert names(write_recipe(tmp_path, BASE, entry(settings={"rank": [8]}))) == ["numeric-s1"]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("all-linear", [("all-linear",)]),
        (["q_proj", "v_proj"], [("q_proj", "v_proj")]),
        ([["q_proj", "v_proj"], "all-linear"], [("q_proj", "v_proj"), ("all-linear",)]),
    ],
)
def test_modules_are_one_set_unless_a_list_holds_a_list(
    tmp_path: Path, written: object, read: list[object]
) -> None:
    recipe = load_recipe(write_recipe(tmp_path, BASE, entry(settings={"target_modules": written})))
    assert [one.settings.target_modules for one in recipe.adapters] == read


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
    ("settings", "field", "told"),
    [
        ({"lerning_rate": 1}, "lerning_rate", 'no such field; did you mean "learning_rate"?'),
        ({"rank": 0}, "rank", "more than 0 is expected, found the number 0"),
        ({"rank": -4}, "rank", "more than 0 is expected, found the number -4"),
        ({"rank": [8, 0]}, "rank[1]", "more than 0 is expected, found the number 0"),
        ({"rank": "8"}, "rank", 'a whole number is expected, found the text "8"; write plain digits'),
        ({"rank": None}, "rank", "nothing is written here"),
        ({"rank": []}, "rank", "empty; give at least one"),
        ({"alpha": 0}, "alpha", "more than 0 is expected, found the number 0"),
        ({"alpha": -1.5}, "alpha", "more than 0 is expected, found the number -1.5"),
        ({"steps": 0}, "steps", "more than 0 is expected, found the number 0"),
        ({"dropout": 1.0}, "dropout", "less than 1 is expected"),
        ({"schedule": "cosin"}, "schedule", 'did you mean "cosine"?'),
        ({"epochs": 2}, "", "both `steps` and `epochs`; keep one"),
        ({"batch": 6, "accumulate": 4}, "", "a batch of 6 cannot be gone through in 4 equal parts"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_with_its_line(
    tmp_path: Path, settings: dict[str, object], field: str, told: str
) -> None:
    path = write_recipe(tmp_path, BASE, entry(settings=settings))
    message = refusal(path)
    place = f"adapters[0].settings{'.' if field else ''}{field}: "
    assert place in message
    assert told in message
    line = int(message.split(":")[1])
    wanted = (field or "settings").partition("[")[0]
    rows = path.read_text().splitlines()
    assert any(row.strip().startswith((f"{wanted}:", "- ")) for row in rows[line - 1 : line])


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({}, "adapters[0].data: no source; give one of `path: FILE.jsonl`"),
        ({"path": "sums.jsonl", "hub": "a/b"}, "both `path` and `hub`"),
        ({"path": "sums.jsonl", "split": "train"}, "`split` does not go with `path`"),
        ({"hub": "a/b"}, "`split` is missing; `hub` needs it"),
        ({"world": "talk"}, "`count` is missing; `world` needs it"),
        ({"path": "sums.jsonl", "prompt": "question"}, "`response` is missing; name both fields, or neither"),
        (
            {"path": "sums.jsonl", "promt": "x"},
            'adapters[0].data.promt: no such field; did you mean "prompt"?',
        ),
        ({"path": "sum.jsonl"}, 'sum.jsonl; did you mean "sums.jsonl"?'),
        ({"path": "no/such.jsonl"}, "(nor its folder); paths are relative to the recipe file"),
        ([{"path": "sums.jsonl"}, {"path": "sum.jsonl"}], "adapters[0].data[1].path: no file"),
    ],
)
def test_data_that_cannot_be_is_refused(tmp_path: Path, data: object, told: str) -> None:
    assert told in refusal(write_recipe(tmp_path, BASE, entry(data=data)))


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


@pytest.mark.parametrize(
    ("base", "told"),
    [
        ({"model": "./nowhere"}, "base.model: no folder"),
        ({"model": "a/b/c"}, 'base.model: "a/b/c" is no hub id (owner/name), and no folder'),
        ({"model": ".", "revision": "main"}, "base.revision: a local folder has no revision"),
        ({"modle": "x"}, 'base.modle: no such field; did you mean "model"?'),
        ({"model": "a/b", "dtype": "float16"}, "one of float32, bfloat16 is expected"),
    ],
)
def test_a_base_that_cannot_be_is_refused(tmp_path: Path, base: dict[str, Any], told: str) -> None:
    assert told in refusal(write_recipe(tmp_path, base))


def test_a_field_that_no_recipe_has_is_refused(tmp_path: Path) -> None:
    assert 'margn: no such field; did you mean "margin"?' in refusal(write_recipe(tmp_path, BASE, margn=0.05))


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
