"""Scales, a full model and a champion on the embedded base: verdicts equal to a calculation by hand from the records."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

import assay
from assay import embedded, stats
from assay.records import Store
from assay.verdicts import Result
from tests.engines.torch.toys import make_adapter, quiet
from tests.studies import write_study

COUNT, TASKS = 40, ("world-problems", "world-instructions")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (embedded.SHIPPED / "model.safetensors").is_file(), reason="a build without it"),
]


def study(home: Path) -> Path:
    """Two random adapters, one of them at two scales, and the base with one of them in its weights."""
    base = embedded.folder()
    for seed, name in enumerate(("first", "second")):
        form = {"r": 2, "target_modules": "all-linear"}
        make_adapter(base, str(home / name), form, seed, size=0.05)
    model = AutoModelForCausalLM.from_pretrained(base, dtype="float32")
    with quiet():
        PeftModel.from_pretrained(model, str(home / "second")).merge_and_unload().save_pretrained(
            home / "merged"
        )
    AutoTokenizer.from_pretrained(base).save_pretrained(home / "merged")
    claim = {"metric": "world-problems.numeric_match", "kind": "keeps", "margin": 0.1}
    return write_study(
        home,
        {
            "name": "subjects",
            "bases": [{"name": "base", "model": "embedded"}],
            "adapters": [
                {"name": "first", "label": "numeric", "path": "./first", "scale": [0.5, 1.0]},
                {"name": "second", "label": "numeric", "path": "./second"},
                {"name": "merged", "label": "numeric", "model": "./merged"},
            ],
            "tasks": [{"task": task, "limit": COUNT} for task in TASKS],
            "claims": {"numeric": [claim, {**claim, "against": "first"}]},
            "decoding": {"max_tokens": 24},
            "engine": {"dtype": "float32", "options": {"device": "cpu"}},
        },
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, dict[str, Any]]:
    """The findings, and passes of each subject on the claimed metric from the records alone."""
    home = tmp_path_factory.mktemp("subjects")
    result = assay.run(study(home), home / "run")
    with Store.read(home / "run") as store:
        scorers = _scorers(home / "run")
        names = [name for name, task in store.bound() if task == "world-problems" and "/" not in name]
        passes = {}
        for name in names:
            scores = store.scores(name, "world-problems", scorers["world-problems"])
            assert scores is not None
            passes[name] = scores.passed[:, 0, 0]
        texts = {name: [row["text"] for row in store.responses(name, "world-problems")] for name in names}
    return result, {"passes": passes, "texts": texts}


def _scorers(folder: Path) -> dict[str, str]:
    with assay.Run.open(folder) as opened:
        return {name: task.scorer for name, task in opened.tasks.items()}


def test_every_claim_is_that_of_its_own_paired_table(run: tuple[Result, dict[str, Any]]) -> None:
    result, found = run
    assert [(claim.adapter, claim.against) for claim in result.claims] == [
        ("first", None),
        ("second", None),
        ("second", "first"),
        ("merged", None),
        ("merged", "first"),
    ]
    for claim in result.claims:
        before, after = found["passes"][claim.against or "base"], found["passes"][claim.adapter]
        gain = stats.PairedGain(int((after > before).sum()), int((after < before).sum()), COUNT)
        alpha = 0.05 if claim.adapter == "first" else 0.05 / 2
        finding = stats.judge(gain, "keeps", 0.1, alpha)
        assert (claim.verdict, claim.interval, claim.gain) == (
            finding.verdict,
            (finding.low, finding.high),
            gain.estimate,
        )


def test_each_scale_is_another_subject(run: tuple[Result, dict[str, Any]]) -> None:
    result, found = run
    assert len({tuple(found["texts"][name]) for name in ("base", "first@0.5", "first")}) == 3
    (dose,) = result.dose
    assert [point.subject for point in dose.points] == ["first@0.5", "first"]
    for point in dose.points:
        before, after = found["passes"]["base"], found["passes"][point.subject]
        gain = stats.PairedGain(int((after > before).sum()), int((after < before).sum()), COUNT)
        assert point.target
        assert (point.target.gain, point.target.interval) == (gain.estimate, gain.interval(0.9))


def test_the_merged_model_answers_as_its_adapter_does(run: tuple[Result, dict[str, Any]]) -> None:
    _, found = run
    same = np.mean(
        [ours == theirs for ours, theirs in zip(*map(found["texts"].get, ("second", "merged")), strict=True)]
    )
    assert same > 0.9  # merging rounds the sum of two products once
