"""A template becomes the study of one adapter: its base and its label are known, or it is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from assay.errors import StudyError
from assay.registry.template import Template
from assay.study.init.adapters import FoundAdapter, find_adapters
from tests.inspecting.adapters import write_adapter
from tests.registry.watching import template


def found(folder: Path, name: str, **config: Any) -> FoundAdapter:
    write_adapter(folder / "adapters" / name, **config)
    return next(
        adapter for adapter in find_adapters(folder / "adapters")[0] if adapter.folder.name == Path(name).name
    )


def change(path: Path, **fields: object) -> Template:
    document = yaml.safe_load(path.read_text()) | fields
    path.write_text(yaml.safe_dump({key: value for key, value in document.items() if value is not None}))
    return Template.read(path)


def test_the_study_has_the_adapter_with_its_label_by_its_folder(tmp_path: Path) -> None:
    study = Template.read(template(tmp_path)).study(found(tmp_path, "math/v1"))
    (adapter,) = study.adapters
    assert (adapter.name, adapter.label, adapter.base) == ("math-v1", "numeric", "base")
    assert study.name == "team-math-v1"
    assert study.resolve("examples.jsonl") == tmp_path / "examples.jsonl"


def test_a_given_label_is_not_guessed(tmp_path: Path) -> None:
    study = Template.read(template(tmp_path)).study(found(tmp_path, "thing"), "numeric")
    assert study.adapters[0].label == "numeric"


def test_of_several_bases_the_adapters_own_is_chosen(tmp_path: Path) -> None:
    bases = [{"name": "small", "model": "org/small"}, {"name": "big", "model": "org/big"}]
    made = change(template(tmp_path), bases=bases)
    assert (
        made.study(found(tmp_path, "math-a", base_model_name_or_path="other/Big")).adapters[0].base == "big"
    )
    with pytest.raises(StudyError, match="names the base 'org/third', and the template has small, big"):
        made.study(found(tmp_path, "math-b", base_model_name_or_path="org/third"))


def test_adapters_that_the_template_lists_are_part_of_each_audit(tmp_path: Path) -> None:
    control = write_adapter(tmp_path / "control")
    entry = {"name": "known", "label": "numeric", "path": str(control), "control": "gains"}
    made = change(template(tmp_path), adapters=[entry])
    assert [adapter.name for adapter in made.study(found(tmp_path, "math-a")).adapters] == ["known", "math-a"]


@pytest.mark.parametrize(
    "bases", [None, [{"name": "base", "responses": {"math": "x.jsonl"}}], [{"model": "any"}]]
)
def test_a_template_needs_a_base_that_generates(tmp_path: Path, bases: object) -> None:
    with pytest.raises(StudyError, match="template"):
        change(template(tmp_path), bases=bases)


def test_the_digest_is_of_what_it_says(tmp_path: Path) -> None:
    path = template(tmp_path)
    before = Template.read(path).sha256
    path.write_text("# a comment\n" + path.read_text())
    assert Template.read(path).sha256 == before
    assert change(path, margin=0.1).sha256 != before
