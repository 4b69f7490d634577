"""Evaluation results for the hub: whole benchmarks only, at places that are named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

import assay
from assay.audit import open_result
from assay.errors import OutputError
from assay.interop.exporters.card import to_card
from assay.interop.exporters.eval_results import to_eval_results
from assay.interop.exporters.finished import Finished
from assay.interop.exporters.lm_eval import export_samples
from assay.runs import Run
from tests.interop.exporters.conftest import BETTER, N
from tests.studies import one_task_study, table


def test_the_hubs_own_parser_reads_eval_results(finished: Finished) -> None:
    parse = pytest.importorskip("huggingface_hub").parse_eval_result_entries
    text = to_eval_results(finished, {"math": "org/data:main"}, "a")
    (entry,) = parse(yaml.safe_load(text))
    assert (entry.dataset_id, entry.task_id, entry.value) == ("org/data", "main", BETTER / N)
    assert entry.dataset_revision is None
    assert "verdict: confirmed" in entry.notes
    assert "95 % interval: [" in entry.notes


@pytest.mark.parametrize(
    ("places", "message"),
    [
        ({}, "say where each is"),
        ({"maths": "org/data:main"}, "no task 'maths'"),
        ({"math": "data:main"}, "write `math=org/dataset:task_id`"),
        ({"math": "org/data"}, "write `math=org/dataset:task_id`"),
    ],
)
def test_a_leaderboard_is_never_guessed(finished: Finished, places: dict[str, str], message: str) -> None:
    with pytest.raises(OutputError, match=message):
        to_eval_results(finished, places, "a")


def test_a_part_of_a_benchmark_is_not_published(tmp_path: Path) -> None:
    base, adapter = table(BETTER, 0, N)
    study = one_task_study(tmp_path, base, {"a": adapter})
    study.write_text(study.read_text().replace("task: numeric", "task: numeric\n  limit: 30"))
    assay.run(study, tmp_path / "run")
    with Run.open(tmp_path / "run") as opened:
        run = Finished(opened, open_result(tmp_path / "run"))
        with pytest.raises(OutputError, match="on its first 30 examples only"):
            to_eval_results(run, {"math": "org/data:main"})
        (found,) = yaml.safe_load(to_card(run).split("---")[1])["model-index"][0]["results"]
        assert found["dataset"] == {"name": "math (its first 30 examples)", "type": "numeric"}
        done = export_samples(run, tmp_path / "out")
    results = json.loads(next(path for path in done.files if path.suffix == ".json").read_text())
    assert results["config"]["limit"] == 30
    assert results["n-samples"] == {"math": {"original": None, "effective": 30}}
