"""What a study counts: claims that fail or hold, and what counts for nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import assay
from assay import stats
from assay.audit import gate
from assay.engines import Fake, Prompt
from assay.errors import RunError
from assay.verdicts.drift import _of_seeds
from assay.verdicts.looks import order
from assay.verdicts.pair import PairedScores
from tests.studies import RIGHT, WRONG, edit, examples, one_task_study, responses, table, write_study

COUNT = 300


def test_looks_that_contradict_each_other_count_for_nothing(tmp_path: Path) -> None:
    """The first 60 prompts rise by half; the rest fall back to a gain of 0."""
    examples(tmp_path, COUNT)
    document: dict[str, Any] = {
        "name": "small",
        "bases": [{"name": "base", "model": "owner/base"}],
        "adapters": [{"name": "a", "label": "numeric", "path": "owner/a"}],
        "tasks": [{"task": "numeric", "name": "math", "examples": "examples.jsonl"}],
        "stop": {"when": "decided", "first": 60, "every": 30},
    }
    study = write_study(tmp_path, document)
    rank = {str(place): at for at, place in enumerate(order(assay.load_study(study).seed, "math", COUNT))}

    def answer(prompt: Prompt) -> str:
        at = rank[prompt.example]
        right = at % 2 == 0
        if prompt.subject == "a" and (at < 60 or 200 <= at < 260):
            right = at < 60
        return RIGHT if right else WRONG

    first = assay.run(study, tmp_path / "run", engine=Fake(answer).preflight)
    assert [(claim.verdict, claim.n) for claim in first.claims] == [("confirmed", 60)]
    whole = assay.run(study, tmp_path / "run", engine=Fake(answer).preflight, until="full")
    assert [(claim.verdict, claim.n, claim.gain) for claim in whole.claims] == [("undecided", COUNT, 0)]
    assert (whole.counts.fails, whole.counts.holds) == (0, 0)
    assert gate(tmp_path / "run").outcome == "undecided"


def test_harm_at_a_ceiling_counts_as_failing(tmp_path: Path) -> None:
    """A gain cannot be shown there; a fall can."""
    base, adapter = table(0, 190, 400, 390)
    result = assay.run(one_task_study(tmp_path, base, {"a": adapter, "same": base}), tmp_path / "run")
    assert [claim.extreme for claim in result.claims] == ["ceiling", "ceiling"]
    assert (result.counts.fails, result.counts.holds) == (1, 0)


def test_a_claim_within_the_engines_noise_counts_for_nothing(tmp_path: Path) -> None:
    examples(tmp_path, COUNT)
    study = write_study(
        tmp_path,
        {
            "name": "small",
            "bases": [{"name": "base", "model": "owner/base"}],
            "adapters": [{"name": "a", "label": "numeric", "path": "owner/a"}],
            "tasks": [{"task": "numeric", "name": "math", "examples": "examples.jsonl"}],
            "noise_prompts": 200,
        },
    )
    generator = np.random.default_rng(0)

    def answer(prompt: Prompt) -> str:
        """The adapter's path loses an answer in six at random."""
        lost = prompt.subject == "a" and generator.random() < 1 / 6
        return WRONG if lost or int(prompt.example) % 4 == 0 else RIGHT

    result = assay.run(study, tmp_path / "run", engine=Fake(answer).preflight)
    assert [(claim.verdict, claim.within_noise) for claim in result.claims] == [("harmed", True)]
    assert result.counts.fails == 0
    assert [label.fails for label in result.labels] == [0]


def test_a_control_that_is_declared_afterwards_changes_the_claims(tmp_path: Path) -> None:
    base, adapter = table(5, 40, 400, 200)
    assay.run(one_task_study(tmp_path, base, {"bad": adapter, "good": base}), tmp_path / "run")
    edit(tmp_path / "run" / "study.yaml", lambda study: study["adapters"][0].update(control="no gain"))
    with pytest.raises(RunError, match="its claims were changed since the run was decided"):
        gate(tmp_path / "run")


def test_controls_move_no_other_q_value(tmp_path: Path) -> None:
    """Controls that surely fall elsewhere would raise the share of findings that Benjamini and Hochberg allow."""
    base, falls = table(4, 13, 200, 100)
    _, surely = table(0, 80, 200, 100)
    same = list(base)

    def found(controls: int) -> dict[str, float | None]:
        folder = tmp_path / str(controls)
        names = ["a", "b", *(f"control{i}" for i in range(controls))]
        study = one_task_study(folder, base, dict.fromkeys(names, same))
        examples(folder, 200)
        other = {"base": base, "a": falls} | dict.fromkeys(names[2:], surely)

        def elsewhere(study: dict[str, Any]) -> None:
            study["tasks"].append({"task": "numeric", "name": "other", "examples": "examples.jsonl"})
            study["claims"] = {"numeric": ["math.numeric_match"]}
            study["off_target"] = ["other.numeric_match"]
            for subject in (*study["bases"], *study["adapters"]):
                name = subject["name"]
                subject["responses"]["other"] = responses(
                    folder / f"{name}-other.jsonl", other.get(name, same)
                )
                if name.startswith("control"):
                    subject["control"] = "gains"

        edit(study, elsewhere)
        result = assay.run(study, folder / "run")
        return {cell.adapter: cell.q for cell in result.cells if cell.kind == "exploratory"}

    alone, beside = found(0), found(3)
    assert beside["a"] == alone["a"]
    assert beside["control0"] is None


def cells(weights: np.ndarray, seed: int) -> list[PairedScores]:
    generator = np.random.default_rng(seed)
    found = []
    for share in (0.4, 0.5):
        before, after = generator.binomial(weights, 0.35), generator.binomial(weights, share)
        change = (after - before).astype(np.float64)
        gain = stats.ClusteredGain(change, weights.astype(np.float64))
        found.append(PairedScores(0.35, share, gain, change, weights, np.arange(len(weights)), len(weights)))
    return found


def test_the_drift_of_a_recipe_is_the_mean_of_its_metrics_gains() -> None:
    """Also where one metric has several checks a prompt and the other one."""
    weights = np.random.default_rng(1).integers(1, 6, 200)
    strict, instructions = cells(np.ones(200, dtype=np.int64), 2), cells(weights, 3)
    together = _of_seeds([strict, instructions])
    by_seed = [
        np.mean([one.gain.estimate, other.gain.estimate])
        for one, other in zip(strict, instructions, strict=True)
    ]
    assert together.by_seed == pytest.approx(by_seed)
    assert together.estimate == pytest.approx(np.mean(by_seed))
