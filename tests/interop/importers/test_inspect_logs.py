"""Logs that Inspect writes."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import assay
from assay.interop.importers.import_log import Import, import_log
from assay.interop.importers.inspect_logs import read_inspect
from assay.interop.importers.logs import read_log
from tests.interop.importers.writing import (
    ADAPTER,
    BASE,
    N,
    asked,
    refused,
)
from tests.studies import RIGHT, examples


def inspect_log(folder: Path, texts: Sequence[str], model: str = "base") -> Path:
    """A log that Inspect itself writes, of a model that says these texts."""
    inspect: Any = pytest.importorskip("inspect_ai", reason="no inspect-ai in this environment")
    models: Any = importlib.import_module("inspect_ai.model")
    sample: Any = importlib.import_module("inspect_ai.dataset").Sample
    solver: Any = importlib.import_module("inspect_ai.solver")
    outputs = [models.ModelOutput.from_content("m", text) for text in texts]
    for output in outputs:
        output.usage = models.ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
    task = inspect.Task(
        dataset=[sample(id=str(i), input=f"question {i}", target="1") for i in range(len(texts))],
        solver=solver.generate(),
    )
    answering = models.get_model(f"mockllm/{model}", custom_outputs=outputs)
    (log,) = inspect.eval(
        task, model=answering, log_dir=str(folder), display="none", max_tokens=32, max_connections=1
    )
    return Path(log.location)


def test_logs_written_by_inspect_give_a_verdict(tmp_path: Path) -> None:
    data = examples(tmp_path, N)
    for name, texts in (("base", BASE), ("a", ADAPTER)):
        path = inspect_log(tmp_path / name, texts)
        label = None if name == "base" else "numeric"
        done = import_log(asked("inspect", path, name, data, label=label), tmp_path / "run")
    (claim,) = assay.run(str(done.study), tmp_path / "run").claims
    assert (claim.better, claim.worse, claim.verdict) == (24, 0, "confirmed")
    refused(tmp_path, Import("inspect", path, "b", "numeric"), "does not say which model")
    path.write_bytes(path.read_bytes()[:-100])
    refused(tmp_path, asked("inspect", path, "a", data, label="numeric"), "Inspect cannot read this log")


def of_model(path: Path, model: str) -> Path:
    """The log, as if Inspect had run this model; its samples name `m`."""
    logs: Any = importlib.import_module("inspect_ai.log")
    log = logs.read_eval_log(str(path))
    log.eval.model = model
    logs.write_eval_log(log, str(path.with_suffix(".json")), format="json")
    return path.with_suffix(".json")


def test_a_model_says_base_and_adapter_and_a_served_name_neither(tmp_path: Path) -> None:
    path = inspect_log(tmp_path / "log", [RIGHT])
    _, named = read_inspect(of_model(path, "vllm/org/base:a"))
    assert (named.base, named.adapter, named.served) == ("org/base", "a", False)
    _, served = read_inspect(of_model(path, "vllm/org/base"))
    assert (served.base, served.adapter, served.served) == ("m", None, True)
    _, alone = read_inspect(of_model(path, "vllm/m"))
    assert (alone.base, alone.adapter, alone.served) == ("m", None, False)
    stated = read_log("inspect", of_model(path, "vllm/org/base"), "pretrained=org/base,peft=m")
    assert (stated.model.base, stated.model.adapter) == ("org/base", "m")


def test_inspect_logs_without_inspect_say_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "inspect_ai.log", None)
    (tmp_path / "x.eval").touch()
    refused(tmp_path, Import("inspect", tmp_path / "x.eval", "b", "numeric"), "`pip install inspect-ai`")
