"""Aggregates and instances of every_eval_ever."""

from __future__ import annotations

import json
from pathlib import Path

from assay.interop.exporters.every_eval_ever import export_every_eval_ever
from assay.interop.exporters.finished import Finished
from tests.interop.exporters.conftest import BETTER, N


def test_every_eval_ever_has_scores_and_gains_with_their_intervals(
    finished: Finished, tmp_path: Path
) -> None:
    done = export_every_eval_ever(finished, tmp_path)
    documents = [json.loads(path.read_text()) for path in done.files if path.suffix == ".json"]
    (own,) = (one for one in documents if one["model_info"]["name"] == "a")
    results = {one["evaluation_result_id"]: one["score_details"] for one in own["evaluation_results"]}
    low, high = (
        results["math.numeric_match"]["uncertainty"]["confidence_interval"][end] for end in ("lower", "upper")
    )
    assert low < BETTER / N < high
    claim = next(claim for claim in finished.result.claims if claim.adapter == "a")
    gain = results["math.numeric_match.gain"]
    found = gain["uncertainty"]["confidence_interval"]
    assert (gain["score"], (found["lower"], found["upper"])) == (claim.gain, claim.interval)
    assert found["confidence_level"] == claim.level
    assert gain["details"]["verdict"] == "confirmed"
    assert own["model_info"]["additional_details"]["adapter"] == "a"
    base = next(one for one in documents if one["model_info"]["name"] == "base")
    assert not [one for one in base["evaluation_results"] if one["evaluation_result_id"].endswith(".gain")]
    samples = tmp_path / own["detailed_evaluation_results"]["file_path"]
    assert len(samples.read_text().splitlines()) == own["detailed_evaluation_results"]["total_rows"] == 4 * N
