"""Scores of a finished run, with their uncertainty."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import assay
from assay.audit import open_result
from assay.engines import Fake
from assay.interop.exporters.card import to_card
from assay.interop.exporters.every_eval_ever import export_every_eval_ever
from assay.interop.exporters.finished import Finished
from assay.interop.exporters.lm_eval import export_samples
from assay.plan import MetricName
from assay.runs import Run
from tests.interop.exporters.conftest import N
from tests.runs.test_stages import answer as stopping_answer
from tests.runs.test_stages import run as run_stopping
from tests.runs.test_stages import stopping
from tests.studies import one_task_study


def test_what_stopped_early_says_so_and_names_what_is_left_out(tmp_path: Path) -> None:
    study = stopping(tmp_path, ("down", "same"))
    study.write_text(study.read_text().replace("owner/down", "./adapters/down"))
    (tmp_path / "adapters" / "down").mkdir(parents=True)
    stopped = run_stopping(study, Fake(stopping_answer, inert={"same"}))
    claim = next(claim for claim in stopped.claims if claim.adapter == "down")
    assert claim.stop
    with Run.open(tmp_path / "run") as opened:
        run = Finished(opened, stopped)
        card = to_card(run, "down")
        done = export_every_eval_ever(run, tmp_path / "out")
        left_out = export_samples(run, tmp_path / "samples").left_out
    assert f"(stopped early, {claim.n} of 400 prompts)" in card
    assert "adjusted for these interim looks" in card
    assert "math (as far as its run went, which may stop early)" in card
    assert done.left_out == left_out == ("same on math", "same on away")
    folder = tmp_path / "out" / "data" / "stopping" / "unknown" / "down"  # a local path names no developer
    (path,) = (path for path in done.files if path.parent == folder and path.suffix == ".json")
    results = {one["evaluation_result_id"]: one for one in json.loads(path.read_text())["evaluation_results"]}
    gain = results["math.numeric_match.gain"]["score_details"]
    assert gain["uncertainty"]["confidence_interval"]["method"].endswith("allowing for every look")
    assert gain["details"]["looks"] == ", ".join(map(str, claim.stop.looks))
    assert gain["details"]["stop"] == f"stopped early, {claim.n} of 400 prompts"


def test_a_score_of_all_right_still_has_an_interval(tmp_path: Path) -> None:
    base, adapter = [False] * N, [True] * N
    assay.run(one_task_study(tmp_path, base, {"a": adapter}), tmp_path / "run")
    with Run.open(tmp_path / "run") as opened:
        run = Finished(opened, open_result(tmp_path / "run"))
        one = run.estimates("a", "math")[MetricName("math", "numeric_match")]
    assert (one.score, one.standard_error) == (1.0, None)
    assert one.interval == pytest.approx((0.025 ** (1 / N), 1.0))  # Clopper and Pearson at n of n
