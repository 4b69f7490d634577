from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from assay.plan.fields import Fields
from assay.schemas import field_docs, json_schema
from assay.study.form import Form
from assay.study.strict import parse
from assay.training.form import RecipeForm

ROOT = Path(__file__).parents[1]


class Above(Fields):
    """A parent."""

    first: int
    """The first,
    on two lines."""


class Below(Above):
    """A child."""

    second: int
    third: int
    """The third."""


@dataclass(frozen=True)
class Data:
    value: int = 0
    """A value."""


def test_docstrings_of_fields_are_those_below_them_and_a_parent_s() -> None:
    assert field_docs(Below) == {"first": "The first, on two lines.", "third": "The third."}
    assert field_docs(Data) == {"value": "A value."}


def test_they_are_the_descriptions_of_the_schema() -> None:
    properties = json_schema(Below, "below")["properties"]
    assert properties["third"]["description"] == "The third."
    assert "description" not in properties["second"]
    assert json_schema(Data, "data", "serialization")["properties"]["value"]["description"] == "A value."


@pytest.mark.parametrize(
    "path", sorted((ROOT / "studies").rglob("study*.yaml")), ids=lambda path: path.parent.name
)
def test_studies_follow_the_schema(path: Path) -> None:
    jsonschema.validate(parse(path.read_text(), path).data, json_schema(Form, "study"))


def test_recipes_follow_the_schema() -> None:
    for path in (
        ROOT / "studies" / "instruction-vs-numeric-recipe.yaml",
        ROOT / "src/assay/demo/recipe.yaml",
    ):
        jsonschema.validate(parse(path.read_text(), path).data, json_schema(RecipeForm, "recipe"))


STUDY: dict[str, Any] = {
    "name": "small",
    "bases": [{"name": "base", "responses": {"math": "base.jsonl"}}],
    "adapters": [{"name": "a", "label": "numeric", "responses": {"math": {"path": "a.jsonl", "after": "x"}}}],
    "tasks": [{"task": "numeric"}],
}


@pytest.mark.parametrize("stop", ["decided", {"when": "decided", "first": 32}])
def test_a_field_with_a_short_form_may_be_written_in_both_ways(stop: Any) -> None:
    claims = {"numeric": ["math.numeric_match", {"metric": "math.numeric_match", "kind": "keeps"}]}
    jsonschema.validate({**STUDY, "stop": stop, "claims": claims}, json_schema(Form, "study"))


@pytest.mark.parametrize(
    "wrong", [{"stop": "soon"}, {"margins": 0.05}, {"margin": 2}, {"alpha": "5 %"}, {"name": 1}]
)
def test_the_schema_refuses_what_a_study_may_not_hold(wrong: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**STUDY, **wrong}, json_schema(Form, "study"))


def test_a_setting_of_a_recipe_is_one_value_or_several() -> None:
    settings = json_schema(RecipeForm, "recipe")["$defs"]["SettingsEntry"]
    right: tuple[Any, ...] = (8, [4, 8])
    for value in right:
        jsonschema.validate({"rank": value, "target_modules": "q_proj"}, settings)
    wrong: tuple[Any, ...] = (0, [], "8")
    for value in wrong:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({"rank": value}, settings)
