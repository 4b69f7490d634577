"""The recipe of the study on a real model, as it ships and as it is prepared."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from scripts.real_study import LOCAL, PACKED, SHIPPED, archive, claimable, pilot_of, prepared, without_claims

from assay.errors import AssayError
from assay.study import Study
from assay.study.strict import dump
from assay.training import load_recipe
from assay.training.study import study_data


def prepare(folder: Path, shipped: Path = SHIPPED) -> dict[str, Any]:
    data = folder / "data"
    for local in LOCAL.values():
        for key in ("path", "prompts", "examples"):
            if key in local:
                (data / local[key]).parent.mkdir(parents=True, exist_ok=True)
                (data / local[key]).write_text("[]")
    (folder / "base.gguf").write_bytes(b"GGUF")
    return prepared(folder / "base.gguf", data, shipped)


@pytest.mark.parametrize("name", ["recipe.yaml", "grid.yaml"])
def test_both_shipped_recipes_load_and_name_two_labels(tmp_path: Path, name: str) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(dump(prepare(tmp_path, SHIPPED.with_name(name))))
    assert {adapter.label for adapter in load_recipe(path).adapters} == {"instruction", "numeric"}


def test_a_prepared_recipe_names_local_files_and_makes_a_study_with_its_control(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(dump(prepare(tmp_path)))
    recipe = load_recipe(path)
    assert "hub" not in path.read_text()
    study = Study.from_dict(study_data(recipe, tmp_path), tmp_path, check_files=False)
    assert {adapter.name: adapter.control for adapter in study.adapters if adapter.control} == {
        "control-s1": "no gain"
    }
    assert len(study.adapters) == 9
    assert all(
        (task.prompts or task.examples or task.task).startswith((str(tmp_path), "./", str(SHIPPED.parent)))
        for task in study.tasks
    )


def test_the_pilot_asks_the_control_alone_a_few_prompts_of_every_task(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(dump(pilot_of(prepare(tmp_path))))
    study = Study.from_dict(study_data(load_recipe(path), tmp_path), tmp_path, check_files=False)
    assert [adapter.name for adapter in study.adapters] == ["control-s1"]
    assert [(task.name or Path(task.task).stem, task.limit) for task in study.tasks] == [
        (name, 40) for name in ("ifeval", "ifbench", "one-step", "gsm8k")
    ]
    assert set(study.claims) == {"instruction"}


def test_no_claim_is_made_at_a_floor_or_a_ceiling(tmp_path: Path) -> None:
    recipe = prepare(tmp_path)
    scores = {
        "ifeval.prompt_strict": 0.2,
        "ifbench.prompt_loose": 0.97,
        "one-step.passed": 0.05,
        "gsm8k.numeric_match": 0.02,
    }
    claims = without_claims(recipe, claimable(scores))["claims"]
    assert claims == {"instruction": ["ifeval.prompt_strict"], "numeric": ["one-step.passed"]}


def test_a_label_without_a_task_in_range_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AssayError, match="floor or ceiling on every task of numeric"):
        without_claims(prepare(tmp_path), {"ifeval.prompt_strict"})


def test_an_archive_holds_the_findings_and_no_weights(tmp_path: Path) -> None:
    run = tmp_path / "run"
    (run / "adapters").mkdir(parents=True)
    (run / "adapters" / "adapter_model.safetensors").write_bytes(b"weights")
    for name in PACKED:
        (run / name).write_text(json.dumps(name))
    archive(run, tmp_path / "run.tar.xz")
    with tarfile.open(tmp_path / "run.tar.xz") as packed:
        assert sorted(packed.getnames()) == sorted(f"run/{name}" for name in PACKED)
