"""Forecasts of whole studies, and what they say where something is missing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assay import load_study
from assay.audit import plan
from assay.engines import Fake
from assay.errors import EngineError, StudyError
from assay.planning.power import power_row
from assay.study import Study
from tests.planning.conftest import study
from tests.studies import jsonl, one_task_study


def test_without_an_engine_there_is_power_and_cost_and_the_reason(tmp_path: Path) -> None:
    def absent(*_: object) -> Any:
        raise EngineError("engine 'torch' needs torch: install it")

    found = plan(study(tmp_path), trial=True, engine=absent)
    assert found.power[0].prompts == 30
    assert found.cost is not None
    assert (found.trials, found.time) == ((), None)
    assert any("No trial" in note and "needs torch" in note for note in found.notes)


def test_refused_adapters_are_told(tmp_path: Path) -> None:
    fake = Fake(lambda _: "x", refused={"r-s2": "its weights are cut short"})
    found = plan(study(tmp_path), trial=True, engine=fake.preflight)
    assert "r-s2: its weights are cut short" in found.notes
    assert found.cost is not None
    assert found.cost.tasks[0].subjects == 2


def test_examples_that_cannot_be_read_leave_power_without_prompts(tmp_path: Path) -> None:
    of = study(tmp_path)
    (tmp_path / "examples.jsonl").write_text("{")
    found = plan(of, trial=True, engine=Fake(lambda _: "x").preflight)
    assert found.power[0].prompts is None
    assert (found.cost, found.trials) == (None, ())
    assert len(found.notes) == 1
    assert any("number of prompts is not known" in note and "examples.jsonl" in note for note in found.notes)
    assert not any("two seeds" in note for note in found.notes)


def test_recorded_responses_cost_nothing(tmp_path: Path) -> None:
    path = one_task_study(tmp_path, [True] * 20, {"a": [True] * 20})
    found = plan(load_study(path))
    assert found.power[0].prompts == 20
    assert (found.cost, found.time) == (None, None)
    assert any("recorded" in note for note in found.notes)
    assert any("No recipe has two seeds" in note for note in found.notes)


def test_checks_a_prompt_are_counted_from_its_examples(tmp_path: Path, ifeval: Path) -> None:
    claims = {"numeric": ["ifeval.instruction_strict", "ifeval.prompt_strict"]}
    found = plan(study(tmp_path, ifeval, claims=claims), trial=False)
    assert [power.checks for power in found.power] == [2, 1]


def test_a_label_that_claims_nothing_is_refused_as_by_a_run(tmp_path: Path) -> None:
    data = study(tmp_path).model_dump(mode="json", exclude_defaults=True)
    data["adapters"] = [{**adapter, "label": "unknown"} for adapter in data["adapters"]]
    with pytest.raises(StudyError, match="still `unknown`; write what its training aimed at"):
        plan(Study.from_dict(data, tmp_path), trial=False)


def test_prompts_in_clusters_have_the_power_of_their_clusters(tmp_path: Path) -> None:
    of = study(tmp_path)
    alone = plan(of, trial=False)
    assert alone.early is not None
    path = tmp_path / "examples.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    jsonl(path, [row | {"cluster": index // 3} for index, row in enumerate(rows)])
    found = plan(of, trial=False)
    assert (alone.power[0].prompts, found.power[0].prompts, found.recipes[0].prompts) == (30, 10, 10)
    assert found.power[0].rows == tuple(
        power_row(10, row.discordance, found.power[0].margin, 1.0, found.power[0].alpha)
        for row in alone.power[0].rows
    )
    assert any("its 30 prompts come in 10 clusters" in note for note in found.notes)
    assert found.early is None
