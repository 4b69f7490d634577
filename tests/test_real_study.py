"""The 16 checkpoints of Qwen3-4B, audited as if labelled `instruction`: real responses, whole path."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

import assay
from assay.report import apply_gate

STUDY = Path(__file__).parents[1] / "studies" / "qwen3-4b-ifeval.yaml"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def result(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> assay.Result:
    document = STUDY.read_text().replace("../../shared", str(shared))
    path = tmp_path_factory.mktemp("real") / "study.yaml"
    path.write_text(document)
    return assay.run(path, path.parent / "run")


def test_twelve_are_harmed_and_the_four_of_qa_are_not(result: assay.Result) -> None:
    harmed = {claim.adapter for claim in result.claims if claim.verdict == "harmed"}
    assert len(harmed) == 12
    assert {claim.adapter for claim in result.claims} - harmed == {
        f"qa-{step}" for step in (200, 600, 1000, 1584)
    }
    assert all(claim.material for claim in result.claims if claim.adapter in harmed)


def test_every_claim_has_its_interval_on_all_541_prompts(result: assay.Result) -> None:
    for claim in result.claims:
        assert claim.n == 541
        assert claim.interval is not None
        assert claim.gain is not None
        assert claim.interval[0] < claim.gain < claim.interval[1]


def test_the_failure_is_recurrent_over_recipes(result: assay.Result) -> None:
    (label,) = result.labels
    assert (label.configurations, label.fails, label.holds, label.recurrent) == (16, 12, 0, True)
    assert (result.counts.fails, result.counts.holds) == (12, 0)


def test_the_gate_fails(result: assay.Result) -> None:
    assert apply_gate(result).exit_code == 1


def test_scores_are_the_published_ones_within_5_prompts_and_5_instructions(
    result: assay.Result, shared: Path
) -> None:
    columns = {
        "ifeval.prompt_strict": ("Strict Prompt Acc", 541),
        "ifeval.instruction_strict": ("Strict Instr Acc", 834),
        "ifeval.prompt_loose": ("Loose Prompt Acc", 541),
        "ifeval.instruction_loose": ("Loose Instr Acc", 834),
    }
    rows = {row.subject: row.scores for row in result.matrix.rows}
    with (shared / "data/ifeval_qwen3_4b/published_scores.csv").open() as file:
        published = {
            row["Filename"].split("Qwen3-4B_")[1].removesuffix("_cleaned.jsonl"): row
            for row in csv.DictReader(file)
        }
    assert len(published) == 16
    for name, row in published.items():
        for metric, (column, total) in columns.items():
            score = rows[name][metric]
            assert score is not None
            assert abs(score - float(row[column])) * total <= 5, (name, metric)
    base = rows["qwen3-4b"]
    assert base["ifeval.prompt_strict"] is not None
    assert base["ifeval.instruction_strict"] is not None
    assert abs(base["ifeval.prompt_strict"] * 541 - 418) <= 5
    assert abs(base["ifeval.instruction_strict"] * 834 - 697) <= 5


def test_what_depends_on_the_mode_is_counted_with_its_causes(result: assay.Result) -> None:
    (mode,) = result.modes
    assert (mode.mode, mode.other, mode.checks) == ("reference", "fixed", 17 * 2 * 834)
    assert 0 < mode.differ == sum(mode.causes.values()) < 200
    assert json.dumps(mode.causes)
