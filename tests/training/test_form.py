"""The fields of a recipe file, and what each may hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assay.training import load_recipe
from tests.training.reading import BASE, names, refusal
from tests.training.recipes import entry, write_recipe


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
    ("base", "told"),
    [
        ({"model": "./nowhere"}, "base.model: no folder"),
        ({"model": "a/b/c"}, 'base.model: "a/b/c" is neither a folder nor a hub id (owner/name)'),
        ({"model": ".", "revision": "main"}, "base.revision: a local folder has no revision"),
        ({"modle": "x"}, 'base.modle: no such field; did you mean "model"?'),
        ({"model": "a/b", "dtype": "float16"}, "one of float32, bfloat16 is expected"),
    ],
)
def test_a_base_that_cannot_be_is_refused(tmp_path: Path, base: dict[str, Any], told: str) -> None:
    assert told in refusal(write_recipe(tmp_path, base))


def test_a_field_that_no_recipe_has_is_refused(tmp_path: Path) -> None:
    assert 'margn: no such field; did you mean "margin"?' in refusal(write_recipe(tmp_path, BASE, margn=0.05))
