"""What MLflow, W&B and trackio are told of a run: each library stands aside for a fake that writes down its calls."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import MagicMock

import pytest

import assay
from assay.errors import OutputError
from assay.interop.exporters.finished import Finished
from assay.interop.exporters.trackers import FILES, entries, log_run
from assay.runs import Run
from tests.runs.test_stages import run as run_stopping
from tests.runs.test_stages import stopping
from tests.studies import one_task_study, table

N, BETTER = 40, 24


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of an adapter that is right on 24 prompts where its base is wrong, of 40."""
    base, adapter = table(BETTER, 0, N)
    place = tmp_path_factory.mktemp("tracked")
    assay.run(one_task_study(place / "study", base, {"a": adapter, "b|c": base}), place / "run")
    return place / "run"


@pytest.fixture
def finished(folder: Path) -> Any:
    with Run.open(folder) as run:
        yield Finished(run, run.analyze())


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Put a fake in a library's place."""

    def stand_in(name: str, *parts: str) -> Any:
        fake = MagicMock(spec=ModuleType(name))
        fake.configure_mock(**dict.fromkeys(parts))
        for part in parts:
            setattr(fake, part, MagicMock())
        monkeypatch.setitem(sys.modules, name, fake)
        return fake

    return stand_in


def test_an_entry_holds_what_was_measured_and_found(finished: Finished) -> None:
    study, own, same = entries(finished)
    assert (study.kind, own.kind, own.name, same.name) == ("study", "adapter", "a", "b|c")
    assert study.metrics["verdicts/confirmed"] == own.metrics["math.numeric_match/gain"] / (BETTER / N) == 1
    assert own.metrics["math.numeric_match/gain_low"] > own.metrics["math.numeric_match/margin"]
    assert own.words == {"verdict/math.numeric_match": "confirmed", "gate": "pass"}
    assert same.words["verdict/math.numeric_match"] == "not applied"
    assert "reason/math.numeric_match" in same.words
    assert own.params["label"] == "numeric"
    assert tuple(path.name for path in study.files) == FILES


def test_a_gain_taken_at_a_stop_says_so(tmp_path: Path) -> None:
    claim = run_stopping(stopping(tmp_path, ("down",))).claims[0]
    with Run.open(tmp_path / "run") as run:
        _, own = entries(Finished(run, run.analyze()))
    assert own.words["stop/math.numeric_match"] == f"stopped early, {claim.n} of 400 prompts"


def test_mlflow_gets_children_of_the_study_and_verdicts_as_tags(finished: Finished, library: Any) -> None:
    mlflow, kinds = (
        library("mlflow", "MlflowClient", "get_tracking_uri"),
        library("mlflow.entities", "Metric", "Param", "RunTag"),
    )
    client = mlflow.MlflowClient.return_value
    client.get_experiment_by_name.return_value = None
    client.create_run.return_value.info.run_id = "r1"
    mlflow.get_tracking_uri.return_value = "sqlite:///x"
    assert log_run(finished, "mlflow", "p") == ("sqlite:///x", [finished.plan.name, "a", "b|c"])
    client.create_experiment.assert_called_once_with("p")
    tags = [call.kwargs["tags"] for call in client.create_run.call_args_list]
    assert tags[0] == {"assay": "study"}
    assert tags[1] == {"assay": "adapter", "mlflow.parentRunId": "r1"}
    assert [Path(call.args[1]).name for call in client.log_artifact.call_args_list] == list(FILES)
    assert ("verdict/math.numeric_match", "confirmed") in [call.args for call in kinds.RunTag.call_args_list]
    assert all(len(one) <= 100 for call in client.log_batch.call_args_list for one in call.kwargs.values())


def test_a_failure_is_told_and_its_run_marked(finished: Finished, library: Any) -> None:
    mlflow = library("mlflow", "MlflowClient")
    library("mlflow.entities", "Metric", "Param", "RunTag")
    client = mlflow.MlflowClient.return_value
    client.create_run.return_value.info.run_id = "r1"
    client.log_batch.side_effect = RuntimeError("disk\nfull")
    with pytest.raises(OutputError, match=r"mlflow failed \(RuntimeError: disk full\)"):
        log_run(finished, "mlflow", None)
    client.set_terminated.assert_called_once_with("r1", "FAILED")


@pytest.mark.parametrize("name", ["wandb", "trackio"])
def test_wandb_and_trackio_get_a_group_with_the_report(finished: Finished, library: Any, name: str) -> None:
    fake = library(name, "init", "log", "log_artifact", "finish", "Artifact")
    run = fake.init.return_value if name == "wandb" else fake
    _, names = log_run(finished, name, None)
    asked = [call.kwargs for call in fake.init.call_args_list]
    assert [one["name"] for one in asked] == names == [finished.plan.name, "a", "b|c"]
    assert {(one["project"], one["group"]) for one in asked} == {(finished.plan.name,) * 2}
    logged = run.log.call_args_list[1].args[0]
    assert logged["math.numeric_match/gain"] == BETTER / N
    words = run.summary.update.call_args_list[1].args[0] if name == "wandb" else asked[1]["config"]
    assert words["verdict/math.numeric_match"] == "confirmed"
    added = [Path(call.args[0]).name for call in fake.Artifact.return_value.add_file.call_args_list]
    assert (added, run.log_artifact.call_count, run.finish.call_count) == (list(FILES), 1, 3)


@pytest.mark.parametrize("name", ["mlflow", "wandb", "trackio"])
def test_a_library_that_is_absent_is_named_with_how_to_get_it(
    finished: Finished, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(OutputError, match=f"needs {name}; `pip install {name}`"):
        log_run(finished, name, None)
